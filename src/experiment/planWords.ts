/** What the page calls the kinds of entries of a precision plan, and what names of runs say of them. */
import { type Plan, type PlanEntry, type PlanKind, speaksTo } from './plan';

type Of<K extends PlanKind> = Extract<PlanEntry, { kind: K }>;
interface PlanWords<K extends PlanKind> {
  label: string;
  help: string;
  /** In a few characters, without whom it speaks to: "8>4>2". */
  short(entry: Of<K>): string;
}

export const planWords: { [K in PlanKind]: PlanWords<K> } = {
  steps: {
    label: 'Stepwise',
    help: 'Each width holds from its step to the next: 8 > 6 > 4 > 2 lets the network get used to fewer levels by degrees.',
    short: ({ points }) => points.map(({ bits }) => bits).join('>'),
  },
  linear: {
    label: 'Linear',
    help: 'From one width to another in a straight line over the steps, rounded to whole bits; the last one stays.',
    short: ({ start, end }) => `linear ${start}>${end}`,
  },
  cyclic: {
    label: 'Cyclic (CPT)',
    help: 'Cyclic precision training (Fu et al. 2021): bits rise along a cosine in each cycle. Few bits act as noise that explores, many let it settle. After the last cycle the layers’ own bits hold.',
    short: ({ low, high, cycles }) => `CPT ${low}–${high} × ${cycles}`,
  },
  late: {
    label: 'Start QAT late',
    help: 'Trains float, nothing rounded, until this step; then the layers’ own bits hold.',
    short: ({ until }) => `QAT from ${until}`,
  },
  hybrid: {
    label: 'Float > PTQ > QAT',
    help: 'Trains float, then takes PTQ’s result of the float twin (calibrated, and rounded as PTQ’s settings say), holds it still, and trains on from it.',
    short: ({ until, train }) => `PTQ at ${until}${train > until ? `, QAT from ${train}` : ''}`,
  },
  observers: {
    label: 'Freeze observers',
    help: 'From this step on the ranges of activations stay as they are, so that the grid no longer moves under the weights.',
    short: ({ step }) => `ranges frozen at ${step}`,
  },
  batchNorm: {
    label: 'Freeze batch norm',
    help: 'From this step on batch norm uses its running averages in training too, as it will in use.',
    short: ({ step }) => `BN frozen at ${step}`,
  },
};
export const planKinds = Object.keys(planWords) as PlanKind[];

const wordsOf = (entry: PlanEntry) => planWords[entry.kind] as PlanWords<PlanKind>;

/** "dense1 and 2 more, weights"; empty for what speaks to the whole network. */
export function addressee(entry: PlanEntry): string {
  if (!('of' in entry)) return '';
  const { layers } = entry;
  const who = !layers
    ? 'all layers'
    : layers.length > 2
      ? `${layers[0]} and ${layers.length - 1} more`
      : layers.join(' and ');
  return `${who}, ${speaksTo[entry.of].label}`;
}

const letters = { weights: 'W', activations: 'A', both: 'W+A' } as const;
/** "W 8>4>2", "dense2 W CPT 3–8 × 8", "QAT from 500". */
export function planSummary(plan: Plan): string {
  return plan
    .map((entry) => {
      const text = wordsOf(entry).short(entry as never);
      if (!('of' in entry)) return text;
      return [entry.layers?.join('+'), letters[entry.of], text].filter(Boolean).join(' ');
    })
    .join(', ');
}
