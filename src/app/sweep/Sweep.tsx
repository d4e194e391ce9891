/** The Sweep tab: a form that says what is run, and the queue at work. */
import { useMemo, useState } from 'react';
import { type Bits, deskBits } from '@/catalog/bits';
import { type WeightQuantizerKind, weightQuantizerOf, weightQuantizers } from '@/catalog/quantizers';
import { maxSteps } from '@/experiment/schema';
import { defaultSteps } from '@/experiment/steps';
import { expandSweep, sweepToFile } from '@/experiment/sweep/definition';
import { useSettings } from '@/store/experiment';
import { readSweepFile } from '@/store/sweep/file';
import { startSweep, useSweep } from '@/store/sweep/sweep';
import { NumberBox } from '../controls/NumberBox';
import { count, plural } from '../format';
import { help } from '../Term';
import { chooseFiles, download } from '../toolbar/exports';
import { type SweepForm, sweepOf, toggled } from './form';
import { Queue } from './Queue';
import styles from './Sweep.module.css';

const kinds = Object.keys(weightQuantizers) as WeightQuantizerKind[];
const widths: readonly Bits[] = deskBits;
const mostSeeds = 20;

interface ChecksProps<T extends string | number> {
  label: string;
  all: readonly T[];
  chosen: readonly T[];
  text(one: T): string;
  onChange(chosen: T[]): void;
  colour?: boolean;
}

/** A row of small check boxes that look like cells. */
function Checks<T extends string | number>({ label, all, chosen, text, onChange, colour }: ChecksProps<T>) {
  return (
    <fieldset className={styles.checks} aria-label={label}>
      {all.map((one) => (
        <label key={one} {...(colour ? { 'data-b': one } : {})}>
          <input
            type="checkbox"
            checked={chosen.includes(one)}
            onChange={() => onChange(toggled(chosen, one, all))}
          />
          {text(one)}
        </label>
      ))}
    </fieldset>
  );
}

export default function Sweep() {
  const settings = useSettings();
  const busy = useSweep(({ sweep }) => sweep !== null && sweep.state !== 'done');
  const [form, setForm] = useState<SweepForm>({
    ...{ bits: [8, 4, 3, 2], activations: true, ends: false, quantizers: [], seeds: 3 },
    steps: settings.stop.steps ?? defaultSteps(settings),
  });
  const change = (part: Partial<SweepForm>) => setForm({ ...form, ...part });
  const sweep = useMemo(() => sweepOf(form, settings), [form, settings]);
  const expanded = useMemo(() => expandSweep(sweep), [sweep]);
  const runs = expanded.ok ? expanded.experiments.length : 0;
  return (
    <div className={styles.sweep}>
      <section className={styles.form} aria-label="New sweep">
        <span {...help('Each of these widths is given to all layers. None: the widths stay as they are.')}>
          Bits
        </span>
        <div className={styles.row}>
          <Checks
            label="Bits of the sweep"
            all={widths}
            chosen={form.bits}
            text={String}
            colour
            onChange={(bits) => change({ bits })}
          />
          <label
            {...help(
              'Outputs get the same width as weights; else they stay as they are. Logits and input stay.',
            )}
          >
            <input
              type="checkbox"
              checked={form.activations}
              onChange={(event) => change({ activations: event.target.checked })}
            />{' '}
            outputs too
          </label>
          <label {...help('The first and the last layer are often the most sensitive, and small.')}>
            <input
              type="checkbox"
              checked={form.ends}
              onChange={(event) => change({ ends: event.target.checked })}
            />{' '}
            first and last at 8
          </label>
        </div>
        <span
          {...help(
            'Weight quantizers to compare; those without one of the widths leave it out. None: as they are.',
          )}
        >
          Quantizers
        </span>
        <Checks
          label="Quantizers of the sweep"
          all={kinds}
          chosen={form.quantizers}
          text={(kind) => weightQuantizerOf(kind).label}
          onChange={(quantizers) => change({ quantizers })}
        />
        <span>Length</span>
        <div className={styles.row}>
          <span
            {...help(
              'Runs of each setting: the present seed and those after it. The table shows mean and spread.',
            )}
          >
            Seeds{' '}
            <NumberBox
              name="Seeds of the sweep"
              value={form.seeds}
              min={1}
              max={mostSeeds}
              integer
              onCommit={(seeds) => change({ seeds: seeds ?? 1 })}
            />
          </span>
          <span>
            Steps{' '}
            <NumberBox
              name="Steps of the sweep"
              value={form.steps}
              min={1}
              max={maxSteps}
              integer
              onCommit={(steps) => change({ steps: steps ?? 1 })}
            />
          </span>
        </div>
        <span />
        <div className={styles.row}>
          <button
            type="button"
            className="go"
            disabled={!expanded.ok || busy}
            onClick={() => void startSweep(sweep)}
          >
            Start sweep
          </button>
          <span className="hint" role="status" aria-label="Size of the sweep">
            {expanded.ok ? `${plural(runs, 'run')} of ${count(form.steps)} steps` : expanded.message}
          </span>
          <span className="grow" />
          <button
            type="button"
            className="quiet"
            onClick={() =>
              chooseFiles(([file]) => file && void readSweepFile(file), '.json,application/json')
            }
          >
            Open…
          </button>
          <button
            type="button"
            className="quiet"
            onClick={() => download('sweep.json', sweepToFile(sweep), 'application/json')}
            {...help('A file for “npm run experiment -- --sweep FILE”, or to open here again.')}
          >
            Save
          </button>
        </div>
      </section>
      <Queue />
    </div>
  );
}
