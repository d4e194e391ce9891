/** A run that is kept for comparison: what it was, its curves and its final numbers. */
import { z } from 'zod';
import { experimentSchema, maxSteps } from '@/experiment/schema';
import type { CurvePoint } from '@/session/protocol';
import { thin } from '../thin';

/** Most runs that a browser keeps, and most points of each one's curves. */
export const maxRuns = 500;
export const maxCurve = 150;
export const maxName = 80;

const fraction = z.number().min(0).max(1);
const size = z.number().min(0).max(1e15);
/** Losses of a run gone bad are not finite, which JSON writes as null. */
const loss = z
  .custom<number>((value) => typeof value === 'number')
  .or(z.null().transform(() => Number.POSITIVE_INFINITY));
const score = z.object({ accuracy: fraction, loss });
const step = z.int().min(0).max(maxSteps);

export const runSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  /** What the person called it; else it is named by what differs. */
  name: z.string().trim().min(1).max(maxName).optional(),
  /** When it was pinned, ms since 1970. */
  at: z.number().min(0).max(1e14),
  /** The sweep that made it. */
  sweep: z.string().max(40).optional(),
  experiment: experimentSchema,
  /** Steps done. */
  step,
  /** The backend that trained it, as its status says. */
  backend: z.string().max(40),
  /** Of the last evaluation; PTQ has none before the first step. */
  accuracy: z.object({ float: fraction, ptq: fraction.nullable(), qat: fraction }),
  bytes: z.object({ float: size, quantized: size, ram: size }),
  /** Bit operations for one example. */
  bops: size,
  /** Median ms per step; null where nothing was timed. */
  stepMs: z.object({ float: size, qat: size }).nullable(),
  /** Thinned evaluations in order of their steps. */
  points: z
    .array(z.object({ step, float: score, qat: score, ptq: score.nullable() }))
    .min(1)
    .max(2 * maxCurve),
  /** Whether its curve lies under that of the present run. */
  curve: z.boolean().default(false),
});
export type Run = z.infer<typeof runSchema>;

/** The curves as a run keeps them. */
export const keptCurve = (points: readonly CurvePoint[]): CurvePoint[] =>
  thin(
    points,
    maxCurve,
    (point) => point.step,
    (point) => [point.float, point.qat, point.ptq].map((each) => each?.accuracy ?? Number.NaN),
  );

/**
 * Training time until a network first had the accuracy that it ended with, in ms: steps up to that evaluation times the
 * median time of a step. Null where no step was timed.
 */
export function timeToAccuracy({ points, stepMs }: Run, network: 'float' | 'qat'): number | null {
  const shown = points.at(-1)?.[network].accuracy ?? 0;
  const reached = points.find((point) => point[network].accuracy >= shown);
  return stepMs && reached ? reached.step * stepMs[network] : null;
}
