/**
 * Precision plans: bits and freezing as functions of the step, compiled to changes at steps. A plan is a short list of
 * entries; what it makes of a run are changes of the same timeline as those made by hand (./changes.ts).
 */
import { z } from 'zod';
import { type Bits, bitsSchema, bitWidths } from '@/catalog/bits';
import { descriptorOf, hasBatchNorm, type LayerSpec, siteAt } from '@/catalog/layers';
import { type SiteName, type TensorKind, tensorKindOf } from '@/catalog/quantizers';
import { maxSteps } from '@/catalog/stop';
import { inputName, layerNames, roundsInput } from './network';
import type { Change, Experiment } from './schema';

/** Most entries of a plan, points of a stepwise schedule, cycles, and changes that a plan may come to. */
export const maxEntries = 16;
export const maxPoints = 24;
export const maxCycles = 100;
export const maxPlanned = 20_000;

const step = z.int().min(0).max(maxSteps);
const later = z.int().min(1).max(maxSteps);
const width = bitsSchema;

/** Which sites a schedule drives: of weights, of outputs, or both; of all layers unless some are named. */
export const speaksTo = {
  weights: { token: 'w', label: 'weights', tensors: ['weights'] },
  activations: { token: 'a', label: 'activations', tensors: ['activations'] },
  both: { token: 'wa', label: 'weights and activations', tensors: ['weights', 'activations'] },
} as const satisfies Record<string, { token: string; label: string; tensors: readonly TensorKind[] }>;
export type SpeaksTo = keyof typeof speaksTo;

const driven = {
  of: z.enum(['weights', 'activations', 'both']),
  /** Names; absent: every layer, of outputs all but the logits. */
  layers: z
    .array(z.string().regex(/^[a-z]{1,12}[0-9]{0,2}$/))
    .min(1)
    .max(40)
    .optional(),
};

const entrySchema = z.discriminatedUnion('kind', [
  /** Bits that hold from each step to the next. */
  z.strictObject({
    kind: z.literal('steps'),
    ...driven,
    points: z
      .array(z.strictObject({ step, bits: width }))
      .min(1)
      .max(maxPoints),
  }),
  /** From one width to another in a straight line, rounded; the last one stays. */
  z.strictObject({ kind: z.literal('linear'), ...driven, from: step, to: later, start: width, end: width }),
  /** Cyclic precision training (Fu et al. 2021): low to high in each cycle; after the last one the layers' own bits. */
  z.strictObject({
    kind: z.literal('cyclic'),
    ...driven,
    from: step,
    to: later,
    low: width,
    high: width,
    cycles: z.int().min(1).max(maxCycles),
  }),
  /** Float everywhere until a step, then the layers' own bits or what else the plan says. */
  z.strictObject({ kind: z.literal('late'), until: later }),
  /** Float until `until`, then PTQ's result, held still, then trained from `train` on. */
  z.strictObject({ kind: z.literal('hybrid'), until: later, train: later }),
  z.strictObject({ kind: z.literal('observers'), step: later }),
  z.strictObject({ kind: z.literal('batchNorm'), step: later }),
]);
export type PlanEntry = z.infer<typeof entrySchema>;
export type PlanKind = PlanEntry['kind'];
export const planSchema = z.array(entrySchema).min(1).max(maxEntries);
export type Plan = z.infer<typeof planSchema>;

type Of<K extends PlanKind> = Extract<PlanEntry, { kind: K }>;
type Schedule = Extract<PlanEntry, { of: SpeaksTo }>;
type Described = Pick<Experiment, 'dataset' | 'layers' | 'input' | 'changes' | 'plan' | 'held'>;

/** Half to even, as the published code of CPT rounds. */
function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest === 0.5 ? floor + (floor % 2) : Math.round(value);
}
/** The width that exists and is nearest to a number of bits; between 8 and 32 there is none. */
const widthOf = (bits: number): Bits =>
  bitWidths.reduce((best, each) => (Math.abs(each - bits) < Math.abs(best - bits) ? each : best));

/** b = rint(low + (high - low) / 2 (1 + cos(pi (t mod T) / T + pi))), T steps a cycle (Fu et al. 2021). */
export const cyclicBits = (low: number, high: number, t: number, period: number): number =>
  rint(low + ((high - low) / 2) * (1 + Math.cos((Math.PI * (t % period)) / period + Math.PI)));

/** What each schedule says of a step: bits, or undefined where it says nothing; and the steps at which that may change. */
const schedules: {
  [K in Schedule['kind']]: {
    bits(entry: Of<K>, step: number): Bits | undefined;
    moments(entry: Of<K>): number[];
  };
} = {
  steps: {
    bits: ({ points }, at) => points.findLast(({ step }) => step <= at)?.bits,
    moments: ({ points }) => points.map(({ step }) => step),
  },
  linear: {
    bits: ({ from, to, start, end }, at) =>
      at < from ? undefined : widthOf(rint(start + (end - start) * Math.min(1, (at - from) / (to - from)))),
    moments: ({ from, to, start, end }) => {
      const count = Math.abs(end - start);
      const turns = Array.from({ length: count }, (_, k) =>
        Math.ceil(from + ((k + 0.5) / count) * (to - from)),
      );
      return [from, ...turns, ...turns.map((turn) => turn + 1), to];
    },
  },
  cyclic: {
    bits: ({ from, to, low, high, cycles }, at) =>
      at < from || at >= to ? undefined : widthOf(cyclicBits(low, high, at - from, (to - from) / cycles)),
    moments({ from, to, low, high, cycles }) {
      const period = (to - from) / cycles;
      const moments = [from, to];
      for (let cycle = 0; cycle < cycles; cycle++) {
        const start = from + cycle * period;
        // A step more where t mod T is a hair below T.
        moments.push(Math.ceil(start), Math.ceil(start) + 1);
        // Where the cosine crosses the middle between two widths.
        for (let k = 0; k < high - low; k++) {
          const phase = Math.acos(1 - (2 * (k + 0.5)) / (high - low));
          const turn = Math.ceil(start + (phase / Math.PI) * period);
          moments.push(turn, turn + 1);
        }
      }
      return moments.filter((moment) => moment <= to);
    },
  },
};

const isSchedule = (entry: PlanEntry): entry is Schedule => Object.hasOwn(schedules, entry.kind);
const scheduleOf = (entry: Schedule) =>
  schedules[entry.kind] as {
    bits(entry: Schedule, step: number): Bits | undefined;
    moments(entry: Schedule): number[];
  };

/** A site and the bits that it starts with. */
interface Place {
  layer: string;
  site: SiteName;
  bits: Bits;
  /** Among those that a schedule for all layers drives. */
  addressed: boolean;
}

function places({ dataset, layers, input }: Described): Place[] {
  const names = layerNames(layers);
  const inside = layers.flatMap((spec, index) =>
    descriptorOf(spec).sites.map(
      (site): Place => ({
        layer: names[index]!,
        site,
        bits: siteAt(spec, site)!.bits,
        addressed: tensorKindOf(site) === 'weights' || index < layers.length - 1,
      }),
    ),
  );
  if (!roundsInput(dataset)) return inside;
  return [{ layer: inputName, site: 'activations', bits: input.bits, addressed: false }, ...inside];
}

const drives = ({ of, layers }: Schedule, { layer, site, addressed }: Place): boolean =>
  (speaksTo[of].tensors as readonly TensorKind[]).includes(tensorKindOf(site)) &&
  (layers ? layers.includes(layer) : addressed);

/** Steps until which everything is float. */
const floatUntil = (plan: Plan): number =>
  Math.max(0, ...plan.map((entry) => (entry.kind === 'late' || entry.kind === 'hybrid' ? entry.until : 0)));

/** What is set beside bits. */
function events(plan: Plan, { dataset, layers, held = [] }: Described): Change[] {
  const rounding = layerNames(layers).filter((_, index) => descriptorOf(layers[index]!).sites.length > 0);
  const names = roundsInput(dataset) ? [inputName, ...rounding] : rounding;
  return plan.flatMap((entry): Change[] => {
    switch (entry.kind) {
      case 'observers':
        return [{ kind: 'observers', step: entry.step, value: 'frozen' }];
      case 'batchNorm':
        return [{ kind: 'batchNorm', step: entry.step, value: 'frozen' }];
      case 'hybrid': {
        // Layers that are held from the start stay as PTQ left them.
        const free = names.filter((layer) => !held.includes(layer));
        const hold = (value: 'held' | 'trained', at: number) =>
          free.map((layer): Change => ({ kind: 'hold', step: at, layer, value }));
        return [
          { kind: 'adopt', step: entry.until },
          ...(entry.train > entry.until
            ? [...hold('held', entry.until), ...hold('trained', entry.train)]
            : []),
        ];
      }
      default:
        return [];
    }
  });
}

/** The changes that a plan makes, in order of their steps; those of step 0 are settings that the run starts with. */
export function plannedChanges(experiment: Described): Change[] {
  const { plan, changes } = experiment;
  if (!plan) return [];
  const float = floatUntil(plan);
  const planned: Change[] = [];
  for (const place of places(experiment)) {
    const { layer, site } = place;
    // The first entry that speaks to a place drives it.
    const entry = plan.find((each): each is Schedule => isSchedule(each) && drives(each, place));
    if (!entry && float === 0) continue;
    const moments = new Set([0, float, ...(entry ? scheduleOf(entry).moments(entry) : [])]);
    const own = (at: number): Bits => {
      const made = changes.findLast(
        (change) =>
          change.kind === 'bits' && change.layer === layer && change.site === site && change.step <= at,
      );
      return made?.kind === 'bits' ? made.bits : place.bits;
    };
    let before = place.bits;
    for (const at of [...moments].sort((a, b) => a - b)) {
      const bits = at < float ? 32 : ((entry && scheduleOf(entry).bits(entry, at)) ?? own(at));
      if (bits === before) continue;
      planned.push({ kind: 'bits', step: at, layer, site, bits });
      before = bits;
    }
  }
  // Of one step: bits first, so that what is calibrated has them.
  return [...planned, ...events(plan, experiment)].sort((a, b) => a.step - b.step);
}

/** The last step at which a plan does something; 0 without one. */
export const planEnd = (experiment: Described): number => plannedChanges(experiment).at(-1)?.step ?? 0;

/** What is wrong with a plan for this experiment, as a sentence, or undefined. */
export function planProblem(experiment: Described): string | undefined {
  const { plan = [] } = experiment;
  const known = new Map(places(experiment).map(({ layer }) => [layer, true]));
  for (const [index, entry] of plan.entries()) {
    const say = (what: string) => `Entry ${index + 1} ${what}.`;
    if ('layers' in entry)
      for (const layer of entry.layers ?? [])
        if (!known.has(layer)) return say(`drives ${layer}, which the network does not have`);
    if (entry.kind === 'steps' && entry.points.some((p, i) => i > 0 && p.step <= entry.points[i - 1]!.step))
      return say('has steps that are not in order');
    if ('to' in entry && entry.to <= entry.from) return say('ends before it begins');
    if (entry.kind === 'cyclic' && (entry.low >= entry.high || entry.high === 32))
      return say('must go from fewer bits to more, at most 8');
    if (entry.kind === 'linear' && (entry.start === 32 || entry.end === 32))
      return say('must run between widths of at most 8 bits');
    if (entry.kind === 'batchNorm' && !hasBatchNorm(experiment.layers))
      return say('freezes batch norm, which the network does not have');
    if (entry.kind === 'hybrid' && entry.train < entry.until) return say('trains before it calibrates');
  }
  if (plan.length > 0 && plannedChanges(experiment).length > maxPlanned)
    return `The plan makes more than ${maxPlanned.toLocaleString('en')} changes; take fewer cycles.`;
  return undefined;
}

/** A plan without the layers that a network no longer has, or undefined where nothing is left. */
export function fittingPlan(plan: Plan | undefined, layers: readonly LayerSpec[]): Plan | undefined {
  const names = new Set([inputName, ...layerNames(layers)]);
  const kept = (plan ?? []).flatMap((entry): PlanEntry[] => {
    if (!('layers' in entry) || !entry.layers) return [entry];
    const left = entry.layers.filter((name) => names.has(name));
    return left.length > 0 ? [{ ...entry, layers: left }] : [];
  });
  return kept.length > 0 ? kept : undefined;
}

/** The plan without a site: its bits were set by hand before the run began. */
export function releaseFromPlan(experiment: Described, layer: string, site: SiteName): Plan | undefined {
  const { plan } = experiment;
  const all = places(experiment);
  const place = all.find((each) => each.layer === layer && each.site === site);
  if (!plan || !place) return plan;
  const kept = plan.flatMap((entry): PlanEntry[] => {
    if (!isSchedule(entry) || !drives(entry, place)) return [entry];
    // A schedule of both goes on for the other kind as it was.
    const tensor = tensorKindOf(site);
    const other = speaksTo[entry.of].tensors.find((each) => each !== tensor);
    const driven = all.filter((each) => drives(entry, each) && tensorKindOf(each.site) === tensor);
    const left = [...new Set(driven.map((each) => each.layer))].filter((name) => name !== layer);
    return [
      ...(left.length > 0 ? [{ ...entry, of: tensor, layers: left }] : []),
      ...(other ? [{ ...entry, of: other }] : []),
    ];
  });
  return kept.length > 0 ? kept.slice(0, maxEntries) : undefined;
}
