/** Saves the chart of the figure (or `data-chart` element) that it stands in: as PNG, as SVG, and as CSV where there is a table behind it. */
import { Menu } from '@mantine/core';
import { useRef } from 'react';
import { fileStem } from '@/experiment/summary';
import { useExperiment } from '@/store/experiment';
import { alertPerson, dismiss } from '@/store/notices';
import { showLatest } from '../results/useThrottled';
import { help } from '../Term';
import { download } from '../toolbar/exports';
import toolbar from '../toolbar/Toolbar.module.css';
import styles from './ChartMenu.module.css';
import { drawn, type Part, pictureOf } from './picture';

interface Props {
  /** What the chart shows, "Test accuracy": its title in the picture, and part of the file's name. */
  name: string;
  /** The numbers behind it. */
  csv?: () => string;
  /** The charts of the picture, where they are not the figure's own one. */
  parts?: (figure: HTMLElement, name: string) => Part[];
  /** Stands in a line of its own; else in the figure's upper right corner. */
  inline?: boolean;
}

const slug = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-');

const ownChart = (figure: HTMLElement, title: string): Part[] => {
  const chart = figure.querySelector<SVGSVGElement>('svg.recharts-surface, svg[role="img"]');
  return chart ? [{ chart, title }] : [];
};

/** The charts on the page show the newest numbers: they redraw a few times a second, and in turns. */
async function settled(): Promise<void> {
  showLatest();
  // Recharts draws what it was given in the frame after.
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
}

export function ChartMenu({ name, csv, parts = ownChart, inline = false }: Props) {
  const ref = useRef<HTMLSpanElement>(null);
  const file = () => `${fileStem(useExperiment.getState().experiment)}-${slug(name)}`;
  const picture = async () => {
    await settled();
    const figure = ref.current?.closest<HTMLElement>('figure, [data-chart]');
    const charts = parts(figure!, name);
    if (charts.length === 0) throw new Error('There is no chart yet: train first.');
    const panel = getComputedStyle(figure!).getPropertyValue('--panel');
    const probe = document.createElement('i');
    probe.style.color = panel;
    figure!.append(probe);
    const background = getComputedStyle(probe).color;
    probe.remove();
    return pictureOf(charts, background);
  };
  const save = async (make: () => void | Promise<void>) => {
    dismiss('export');
    try {
      await make();
    } catch (error) {
      alertPerson(
        'export',
        `The chart was not saved. ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  return (
    <span ref={ref} className={inline ? styles.inline : styles.corner}>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <button
            type="button"
            className={`quiet ${styles.open}`}
            aria-label={`Save chart, ${name}`}
            {...help('Save this chart as a picture, or its numbers.')}
          >
            <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
              <path d="M6 1v6m-3-3 3 3 3-3M1.5 10.5h9" fill="none" stroke="currentColor" />
            </svg>
          </button>
        </Menu.Target>
        <Menu.Dropdown className={toolbar.menu ?? ''}>
          <Menu.Item
            onClick={() =>
              void save(async () => {
                const bytes = new Uint8Array(await (await drawn(await picture())).arrayBuffer());
                download(`${file()}.png`, bytes, 'image/png');
              })
            }
          >
            PNG
          </Menu.Item>
          <Menu.Item
            onClick={() => void save(async () => download(`${file()}.svg`, await picture(), 'image/svg+xml'))}
          >
            SVG
          </Menu.Item>
          {csv && (
            <Menu.Item onClick={() => void save(() => download(`${file()}.csv`, csv(), 'text/csv'))}>
              CSV
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </span>
  );
}
