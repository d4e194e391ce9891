/** What tells runs apart: names of runs by the settings in which they differ from each other. */
import { datasetInfo } from '@/catalog/datasets';
import { type LayerSpec, rounds, siteAt, sitesOf } from '@/catalog/layers';
import {
  type ActivationSite,
  activationQuantizerOf,
  siteBits,
  type TensorKind,
  tensorKindOf,
  type WeightSite,
  weightQuantizerOf,
} from '@/catalog/quantizers';
import { presentSettings } from './changes';
import { planSummary } from './planWords';
import { calibrationMethods, type Preparation, type PtqSettings, preparations } from './ptq';
import type { Experiment } from './schema';
import { networkSummary } from './summary';

/** Widths of the sites of one kind, in order. The outputs of the last layer, the logits, do not count. */
export function widths({ layers }: Pick<Experiment, 'layers'>, kind: TensorKind): number[] {
  const counted = layers.filter(rounds);
  const last = counted.at(-1);
  return counted.flatMap((spec) =>
    sitesOf(spec)
      .filter((name) => tensorKindOf(name) === kind && !(spec === last && name === 'activations'))
      .map((name) => siteBits(name, siteAt(spec, name)!)),
  );
}

/** The width that all have, or undefined. */
export const common = (all: readonly number[]): number | undefined =>
  all.every((one) => one === all[0]) ? all[0] : undefined;

const mostSpelled = 6;
/** "8", "8-4-2-8", "2–8". */
function spelled(all: readonly number[]): string {
  const one = common(all);
  if (one !== undefined) return String(one);
  return all.length <= mostSpelled ? all.join('-') : `${Math.min(...all)}–${Math.max(...all)}`;
}

/** The labels of the quantizers of one kind's sites, each once. */
function quantizers(layers: readonly LayerSpec[], kind: TensorKind): string {
  const labels = layers.flatMap((spec) =>
    sitesOf(spec)
      .filter((name) => tensorKindOf(name) === kind)
      .map((name) => {
        const { quantizer } = siteAt(spec, name)! as WeightSite | ActivationSite;
        return kind === 'weights'
          ? weightQuantizerOf(quantizer as WeightSite['quantizer']).label
          : activationQuantizerOf(quantizer as ActivationSite['quantizer']).label;
      }),
  );
  return [...new Set(labels)].join('/');
}

/** One way in which experiments may differ: a text for it, empty where there is nothing to say. */
interface Facet {
  text(experiment: Experiment, present: Experiment): string;
  /** Parts of an experiment that this facet speaks for as a whole; what no facet speaks for is told as "variant". */
  covers?: readonly (keyof Experiment)[];
}

/** "PTQ MSE 1,024 examples, AdaRound". Single layers' methods are not told. */
function ptqSummary(ptq: PtqSettings): string {
  const done = (Object.keys(preparations) as Preparation[]).filter((key) => ptq[key]);
  const parts = [
    `PTQ ${ptq.method === 'own' ? '' : calibrationMethods[ptq.method].label}`.trim(),
    `${ptq.samples} examples`,
    ...done.map((key) => preparations[key].label),
  ];
  return parts.join(' ');
}

const facets: readonly Facet[] = [
  { text: (_, { dataset }) => datasetInfo(dataset).label },
  { text: (_, { layers }) => networkSummary(layers) },
  {
    text: (_, present) => {
      const [w, a] = [widths(present, 'weights'), widths(present, 'activations')];
      return [...w, ...a].every((bits) => bits === 32)
        ? 'float'
        : `W${spelled(w)}${a.length > 0 ? ` A${spelled(a)}` : ''}`;
    },
  },
  { text: (_, { layers }) => quantizers(layers, 'weights') },
  { text: (_, { layers }) => `${quantizers(layers, 'activations')} activations` },
  { text: (_, { optimizer }) => optimizer.kind },
  { text: (_, { optimizer }) => `lr ${optimizer.learningRate}`, covers: ['optimizer'] },
  { text: (_, { batchSize }) => `batch ${batchSize}`, covers: ['batchSize'] },
  { text: (_, { batchNorm }) => (batchNorm === 'frozen' ? 'BN frozen' : ''), covers: ['batchNorm'] },
  { text: ({ plan }) => (plan ? planSummary(plan) : '') },
  { text: ({ ptq }) => (ptq ? ptqSummary(ptq) : '') },
  {
    text: ({ distillation }) => (distillation ? `distilled ${distillation.weight}` : ''),
  },
  { text: (_, { observers }) => (observers ? 'ranges frozen' : ''), covers: ['observers'] },
  { text: (_, { held = [] }) => (held.length > 0 ? `${held.join('+')} held` : ''), covers: ['held'] },
  {
    text: ({ changes }) =>
      changes.length === 0 ? '' : `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`,
    covers: ['changes'],
  },
  {
    text: ({ stop }) => (stop.steps === undefined ? '' : `${stop.steps.toLocaleString('en')} steps`),
    covers: ['stop'],
  },
  { text: ({ seed }) => `seed ${seed}`, covers: ['seed'] },
];
const covered = new Set<string>(facets.flatMap(({ covers = [] }) => covers));

/** What no facet tells, as a text to compare: the layers' and data's finer settings and whatever else there is. */
const rest = (experiment: Experiment): string =>
  JSON.stringify(Object.entries(experiment).filter(([key]) => !covered.has(key)));

/** Facets that name a run that stands alone. */
const alone = 3;

/**
 * Names of runs, in their order: what differs among them, in few words ("W4 A4, seed 2"). Runs that these words do not
 * tell apart are numbered.
 */
export function nameRuns(experiments: readonly Experiment[]): string[] {
  const texts = experiments.map((experiment) => {
    const present = presentSettings(experiment);
    return facets.map(({ text }) => text(experiment, present));
  });
  const differing = facets.map((_, i) => texts.some((row) => row[i] !== texts[0]?.[i]));
  // Of runs that differ in nothing that has a word, and of a single one, the network and its bits are the name.
  const told = differing.some(Boolean) ? differing : facets.map((_, i) => i > 0 && i < alone);
  const names = texts.map(
    (row) => row.filter((text, i) => told[i] && text !== '').join(', ') || row[alone - 1]!,
  );
  return numbered(names, experiments.map(rest));
}

/** Tells apart those of the same name: "variant" where their settings differ, else a number in order. */
function numbered(names: readonly string[], rests: readonly string[]): string[] {
  const variants = new Map<string, string[]>();
  const seen = new Map<string, number>();
  names.forEach((name, i) => {
    const known = variants.get(name) ?? [];
    if (!known.includes(rests[i]!)) variants.set(name, [...known, rests[i]!]);
  });
  return names.map((name, i) => {
    const known = variants.get(name)!;
    const full = known.length > 1 ? `${name}, variant ${known.indexOf(rests[i]!) + 1}` : name;
    const count = (seen.get(full) ?? 0) + 1;
    seen.set(full, count);
    return count === 1 ? full : `${full} (${count})`;
  });
}
