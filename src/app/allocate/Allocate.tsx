/** The Allocate tab: sensitivities of the layers, a budget, and the bits that do least harm within it. */
import { useMemo } from 'react';
import type { Bits } from '@/catalog/bits';
import { activationBits } from '@/catalog/quantizers';
import { type Allocation, allocate } from '@/experiment/allocate';
import { atEightBits, choicesFor, editsFor } from '@/experiment/allocation';
import { roundsInput } from '@/experiment/network';
import { modelSize } from '@/experiment/size';
import type { Sensitivity } from '@/session/measuring/measurement';
import { useAnalysis } from '@/store/analysis';
import { edit } from '@/store/editing';
import { useSettings } from '@/store/experiment';
import { notify } from '@/store/notices';
import { bytes, count, figures, plural, short } from '../format';
import { help } from '../Term';
import styles from './Allocate.module.css';
import { Budget } from './Budget';
import { Measuring } from './Measuring';
import {
  correlationAt,
  inverseOf,
  leastPercent,
  questionOf,
  risesAt,
  rowsOf,
  useAllocationForm,
} from './question';
import { Table } from './Table';

const measureHelp =
  'Pauses, rounds one layer of the float twin at a time to each width, and notes what loss and accuracy do on validation data. The Hessian trace is estimated from gradients alone, without rounding anything.';

export default function Allocate() {
  const sensitivity = useAnalysis((state) => state.sensitivity);
  return (
    <div className={styles.allocate} data-measured={sensitivity !== null}>
      {sensitivity ? (
        <Measured sensitivity={sensitivity} />
      ) : (
        <div className={styles.first}>
          <p>
            Which layers mind rounding, and which hardly do? Measure it, say what the model may cost, and
            every layer gets the bits that do least harm together.
          </p>
          <Measuring
            what="sensitivity"
            label="Measure sensitivities"
            helpText={measureHelp}
            step={undefined}
          />
        </div>
      )}
    </div>
  );
}

const input = (settings: ReturnType<typeof useSettings>): Bits =>
  roundsInput(settings.dataset) ? activationBits(settings.input) : 32;

function useAllocation(sensitivity: Sensitivity) {
  const settings = useSettings();
  const form = useAllocationForm();
  const eight = useMemo(() => atEightBits(settings), [settings]);
  const { budget, keepEnds, source } = form;
  // What a layer may have does not depend on how large the budget is: the slider only asks the allocator again.
  const choices = useMemo(
    () =>
      choicesFor(
        settings,
        sensitivity.layers,
        questionOf({ ...useAllocationForm.getState(), budget, keepEnds, source }, eight),
      ),
    [settings, sensitivity, budget, keepEnds, source, eight],
  );
  const fixed = useMemo(() => modelSize(settings).input, [settings]);
  const least = useMemo(
    () => (budget === 'accuracy' ? 0 : leastPercent(choices, input(settings), fixed, budget, eight)),
    [choices, settings, fixed, budget, eight],
  );
  // A budget that this network cannot meet means its least.
  const percent = Math.max(form.percent, least);
  const question = questionOf({ ...form, percent }, eight);
  const allocation = allocate(choices, input(settings), question.budget, fixed);
  return { settings, form, eight, choices, allocation, least, percent };
}

function Measured({ sensitivity }: { sensitivity: Sensitivity }) {
  const { settings, form, eight, choices, allocation, least, percent } = useAllocation(sensitivity);
  const rows = useMemo(() => rowsOf(settings, choices, allocation), [settings, choices, allocation]);
  const rises = useMemo(() => risesAt(sensitivity.layers, form.shown), [sensitivity, form.shown]);
  const correlation = correlationAt(sensitivity.layers, form.shown);
  const { part, examples, step } = sensitivity;
  return (
    <>
      <div className={styles.controls}>
        <div className={styles.line}>
          <Measuring what="sensitivity" label="Measure sensitivities" helpText={measureHelp} step={step} />
          <span
            className="hint"
            {...help(
              part === 'validation'
                ? 'Choices are made on validation data; the test set only reports.'
                : 'There is no validation part: these are training examples. Give the data one to choose by examples that were not trained on.',
            )}
          >
            step {count(step)}, {count(examples)} {part === 'validation' ? 'validation' : 'training'} examples
          </span>
        </div>
        <Budget eight={eight} least={least} percent={percent} />
        <Answer settings={settings} allocation={allocation} eight={eight} />
      </div>
      <Table
        rows={rows}
        rises={rises}
        layers={sensitivity.layers}
        correlation={correlation}
        chosen={allocation !== undefined}
      />
    </>
  );
}

interface AnswerProps {
  settings: ReturnType<typeof useSettings>;
  allocation: Allocation | undefined;
  eight: { bytes: number; bops: number };
}

function Answer({ settings, allocation, eight }: AnswerProps) {
  const { budget, source } = useAllocationForm();
  if (!allocation)
    return (
      <p className={styles.answer} role="status" aria-label="Allocated size">
        No widths {budget === 'accuracy' ? 'keep the drop that small' : 'fit'}; allow more.
      </p>
    );
  const edits = editsFor(settings, allocation);
  const saved = modelSize(settings).total - allocation.bytes;
  const apply = () => {
    const back = inverseOf(settings, allocation);
    const layers = new Set(edits.flatMap((one) => ('layer' in one ? [one.layer] : []))).size;
    edit(edits);
    notify({
      key: 'allocated',
      tone: 'note',
      text: `The bits of ${plural(layers, 'layer')} were set: ${bytes(allocation.bytes)}. Train on, and they settle.`,
      actions: [{ label: 'Undo', run: () => edit(back) }],
    });
  };
  const harm =
    source === 'accuracy' || budget === 'accuracy'
      ? `−${(100 * allocation.harm).toFixed(1)} pt`
      : `+${figures(allocation.harm, 2)} nats`;
  return (
    <div className={styles.answer}>
      <p>
        <b role="status" aria-live="off" aria-label="Allocated size">
          {bytes(allocation.bytes)}
        </b>{' '}
        <small>
          {Math.round((100 * allocation.bytes) / eight.bytes)} % of 8 bits, {short(allocation.bops)} BOPs
        </small>
      </p>
      <p
        {...help(
          'The sum of what each layer does alone at its width. Layers that are rounded together do more, and training takes most of it back.',
        )}
      >
        <b role="status" aria-live="off" aria-label="Predicted harm">
          {harm}
        </b>{' '}
        <small>
          predicted{saved === 0 ? '' : `, ${bytes(Math.abs(saved))} ${saved > 0 ? 'saved' : 'more'}`}
        </small>
      </p>
      <button
        type="button"
        className="go"
        disabled={edits.length === 0}
        onClick={apply}
        {...help('Sets these bits now; while it trains, as changes of the run at this step.')}
      >
        {edits.length === 0 ? 'Applied' : 'Apply'}
      </button>
    </div>
  );
}
