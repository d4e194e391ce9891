/** The sweep at hand as the browser stores it: its queue, what each run has come to, and where the one at work is. */
import { z } from 'zod';
import { experimentSchema, maxSteps } from '@/experiment/schema';
import { maxSweepRuns } from '@/experiment/sweep/definition';

export const sweepRecordSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  name: z.string().max(60).optional(),
  /** Whether it goes on by itself when the page opens. */
  state: z.enum(['running', 'paused', 'done']),
  runs: z
    .array(
      z.object({
        experiment: experimentSchema,
        state: z.enum(['waiting', 'done', 'failed']),
        /** Why it failed. */
        message: z.string().max(1000).optional(),
      }),
    )
    .min(1)
    .max(maxSweepRuns),
});
export type SweepRecord = z.infer<typeof sweepRecordSchema>;

const stepsOf = ({ experiment }: SweepRecord['runs'][number]): number => experiment.stop.steps ?? maxSteps;

export interface Progress {
  done: number;
  failed: number;
  total: number;
  /** Steps done and to do, over all runs; what failed counts as done. */
  steps: number;
  allSteps: number;
}

/** @param step steps done of the run at work */
export function progressOf({ runs }: SweepRecord, step: number): Progress {
  const over = runs.filter(({ state }) => state !== 'waiting');
  const sum = (some: SweepRecord['runs']) => some.reduce((total, run) => total + stepsOf(run), 0);
  return {
    done: runs.filter(({ state }) => state === 'done').length,
    failed: runs.filter(({ state }) => state === 'failed').length,
    total: runs.length,
    steps: sum(over) + step,
    allSteps: sum(runs),
  };
}
