/** What the quantizer itself works with: each value now, and how it has moved over the run. */
import type { ParameterName, SiteHistory, Parameters as Values } from '@/session/protocol';
import { figures } from '../format';
import { help } from '../Term';
import styles from './Facts.module.css';
import { sparkline } from './sparkline';

const words: Record<ParameterName, { label: string; help: string }> = {
  bits: {
    label: 'Bits',
    help: 'The width that is learned, a real number; the grid of the next whole one holds its levels.',
  },
  step: { label: 'Step', help: 'Distance between two neighbouring levels.' },
  offset: { label: 'Offset', help: 'The value of the lowest level, where the grid starts.' },
  clip: { label: 'Clip', help: 'The last level: what is beyond becomes this.' },
  threshold: { label: 'Threshold', help: 'Weights smaller than this become 0.' },
  level: { label: 'Level', help: 'What the weights that are not 0 become, with their sign.' },
  largest: { label: 'Max tanh', help: 'The largest |tanh w|, by which all are divided.' },
  low: { label: 'Low', help: 'The lower end of the observed range.' },
  high: { label: 'High', help: 'The upper end of the observed range.' },
};

const width = 40;
const height = 11;

interface Props {
  values: Values;
  history: SiteHistory;
  /** How many scales the values are means of. */
  scales: number;
  /** What is trained by gradient. */
  learns: readonly string[];
}

export const ParameterRows = ({ values, history, scales, learns }: Props) =>
  (Object.entries(values) as [ParameterName, number][]).map(([name, value]) => {
    const line = sparkline(history, name, width, height);
    const notes = [
      words[name].help,
      ...(learns.includes(name) ? ['Learned by gradient.'] : []),
      ...(scales > 1 ? [`Mean of ${scales} scales.`] : []),
      'The line is the value over the run.',
    ];
    return (
      <div key={name}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the tooltip must be reachable without a mouse */}
        <dt tabIndex={0} className={styles.parameter} {...help(notes.join(' '))}>
          {words[name].label}
        </dt>
        <dd>
          <svg className={styles.spark} width={width} height={height} aria-hidden="true">
            {line.length > 0 && (
              <path d={`M${line.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}`} />
            )}
          </svg>
          {figures(value)}
        </dd>
      </div>
    );
  });
