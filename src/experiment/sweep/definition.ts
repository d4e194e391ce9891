/**
 * A sweep: experiments times bits times quantizers times seeds. Plain data, as a file holds it; `expandSweep` makes the
 * experiments of its runs.
 */
import { z } from 'zod';
import { type Bits, bitsSchema } from '@/catalog/bits';
import {
  type ActivationQuantizerKind,
  activationQuantizerOf,
  activationQuantizers,
  tensorKindOf,
  type WeightQuantizerKind,
  weightQuantizerOf,
  weightQuantizers,
} from '@/catalog/quantizers';
import { decodeLink, maxLinkLength } from '../link';
import { problemSentence } from '../problem';
import { type Experiment, experimentSchema, maxSteps } from '../schema';
import { defaultSteps } from '../steps';
import { withSites } from './sites';

export const sweepFormat = 'qat-playground/sweep';
const version = 1;

/** Most runs of a sweep, and the largest file that defines one, in bytes. */
export const maxSweepRuns = 200;
export const maxSweepBytes = 2_000_000;

const keysOf = <K extends string>(kinds: Readonly<Record<K, unknown>>) => Object.keys(kinds) as [K, ...K[]];

export const sweepSchema = z.strictObject({
  format: z.literal(sweepFormat),
  version: z.literal(version),
  name: z.string().trim().min(1).max(60).optional(),
  /** What is varied: links, or experiments spelled out. Along an allocator's budget: one for each budget. */
  experiments: z
    .array(z.union([z.string().max(maxLinkLength), z.looseObject({})]))
    .min(1)
    .max(maxSweepRuns),
  /** Steps of each run; else those that the experiment stops at. */
  steps: z.int().min(1).max(maxSteps).optional(),
  /** Widths of all layers: of weights and outputs alike, or of each. The logits and the input stay as they are. */
  bits: z
    .array(
      z.union([
        bitsSchema,
        z.strictObject({ weights: bitsSchema.optional(), activations: bitsSchema.optional() }),
      ]),
    )
    .min(1)
    .max(40)
    .optional(),
  /** Width that the weights of the first and the last layer keep. */
  ends: bitsSchema.optional(),
  weightQuantizers: z
    .array(z.enum(keysOf(weightQuantizers)))
    .min(1)
    .max(20)
    .optional(),
  activationQuantizers: z
    .array(z.enum(keysOf(activationQuantizers)))
    .min(1)
    .max(20)
    .optional(),
  seeds: z
    .array(
      z
        .int()
        .min(0)
        .max(2 ** 32 - 1),
    )
    .min(1)
    .max(50)
    .optional(),
});
export type Sweep = z.infer<typeof sweepSchema>;

export type Expanded = { ok: true; experiments: Experiment[] } | { ok: false; message: string };

interface Setting {
  weights?: Bits | undefined;
  activations?: Bits | undefined;
  ends?: Bits | undefined;
  weightQuantizer?: WeightQuantizerKind | undefined;
  activationQuantizer?: ActivationQuantizerKind | undefined;
}

/** Whether a quantizer has this width: some have one of their own. */
const has = (widths: readonly Bits[] | undefined, bits: Bits | undefined): boolean =>
  widths === undefined || bits === undefined || bits === 32 || widths.includes(bits);

const isPossible = ({ weights, activations, weightQuantizer, activationQuantizer }: Setting): boolean =>
  (weightQuantizer === undefined || has(weightQuantizerOf(weightQuantizer).bits, weights)) &&
  (activationQuantizer === undefined || has(activationQuantizerOf(activationQuantizer).bits, activations));

/** The experiment at a setting; recorded changes of what the setting says are not made. */
function applied(base: Experiment, setting: Setting): Experiment {
  const { weights, activations, ends, weightQuantizer, activationQuantizer } = setting;
  const set = withSites(base, ({ end, last }) => {
    const bits = end && ends !== undefined ? ends : weights;
    return {
      weights: {
        ...(bits === undefined ? {} : { bits }),
        ...(weightQuantizer === undefined ? {} : { quantizer: weightQuantizer }),
      },
      activations: {
        ...(activations === undefined || last ? {} : { bits: activations }),
        ...(activationQuantizer === undefined ? {} : { quantizer: activationQuantizer }),
      },
    };
  });
  const told = {
    weights: { bits: weights ?? ends, quantizer: weightQuantizer },
    activations: { bits: activations, quantizer: activationQuantizer },
  };
  const changes = base.changes.filter((change) => {
    if (change.kind === 'bits') return told[tensorKindOf(change.site)].bits === undefined;
    if (change.kind === 'quantizer')
      return change.setting !== 'quantizer' || told[tensorKindOf(change.site)].quantizer === undefined;
    return true;
  });
  return { ...set, changes };
}

function bases({ experiments }: Sweep, subject: string): Expanded {
  const read: Experiment[] = [];
  for (const [i, given] of experiments.entries()) {
    const which = experiments.length === 1 ? 'the experiment' : `experiment ${i + 1}`;
    if (typeof given === 'string') {
      const decoded = decodeLink(given);
      if (!decoded.ok) return { ok: false, message: `${subject}, ${which}: ${decoded.message}` };
      read.push(decoded.experiment);
    } else {
      const parsed = experimentSchema.safeParse(given, { reportInput: true });
      if (!parsed.success)
        return { ok: false, message: problemSentence(`${subject}: ${which}`, parsed.error) };
      read.push(parsed.data);
    }
  }
  return { ok: true, experiments: read };
}

const orNone = <T>(values: readonly T[] | undefined): readonly (T | undefined)[] => values ?? [undefined];

/**
 * The experiments of a sweep's runs, each with its seed and its number of steps: all seeds of one setting stand together.
 * A quantizer at a width that it does not have is left out.
 * @param subject what errors name: "The sweep"
 */
export function expandSweep(sweep: Sweep, subject = 'The sweep'): Expanded {
  const given = bases(sweep, subject);
  if (!given.ok) return given;
  const settings = orNone(sweep.bits).flatMap((width) =>
    orNone(sweep.weightQuantizers).flatMap((weightQuantizer) =>
      orNone(sweep.activationQuantizers).map((activationQuantizer): Setting => {
        const both = typeof width === 'number' ? { weights: width, activations: width } : width;
        return { ...both, ends: sweep.ends, weightQuantizer, activationQuantizer };
      }),
    ),
  );
  const possible = settings.filter(isPossible);
  if (possible.length === 0)
    return { ok: false, message: `${subject} asks for widths that none of its quantizers has.` };
  const count = given.experiments.length * possible.length * (sweep.seeds?.length ?? 1);
  if (count > maxSweepRuns)
    return {
      ok: false,
      message: `${subject} has ${count.toLocaleString('en')} runs; the most is ${maxSweepRuns}.`,
    };
  const experiments: Experiment[] = [];
  for (const base of given.experiments)
    for (const setting of possible)
      for (const seed of sweep.seeds ?? [base.seed]) {
        const steps = sweep.steps ?? base.stop.steps ?? defaultSteps(base);
        const changes = base.changes.filter((change) => change.step <= steps);
        const made = { ...applied({ ...base, changes }, setting), seed, stop: { ...base.stop, steps } };
        const parsed = experimentSchema.safeParse(made, { reportInput: true });
        if (!parsed.success)
          return { ok: false, message: problemSentence(`${subject}: a run`, parsed.error) };
        experiments.push(parsed.data);
      }
  return { ok: true, experiments };
}

export type SweepRead =
  | { ok: true; sweep: Sweep; experiments: Experiment[] }
  | { ok: false; message: string };

/** Reads a sweep file. Never throws for any text; the message is one sentence that names the file. */
export function sweepFromFile(text: string, name: string): SweepRead {
  const subject = `“${name.length > 40 ? `${name.slice(0, 39)}…` : name}”`;
  const refuse = (message: string): SweepRead => ({ ok: false, message });
  if (text.length > maxSweepBytes)
    return refuse(`${subject} is larger than 2 MB, the most that a sweep file may have.`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse(`${subject} is not valid JSON: it may be cut off.`);
  }
  const head = z.looseObject({ format: z.literal(sweepFormat), version: z.int() }).safeParse(json);
  if (!head.success) return refuse(`${subject} is JSON, but not a sweep of this playground.`);
  if (head.data.version !== version)
    return refuse(
      `${subject} is of version ${head.data.version}, and this playground reads version ${version}.`,
    );
  const parsed = sweepSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) return refuse(problemSentence(subject, parsed.error));
  const expanded = expandSweep(parsed.data, subject);
  return expanded.ok ? { ok: true, sweep: parsed.data, experiments: expanded.experiments } : expanded;
}

/** JSON text of a sweep file. */
export const sweepToFile = (sweep: Sweep): string => `${JSON.stringify(sweep, undefined, 2)}\n`;
