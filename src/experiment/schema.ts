/**
 * The experiment: the one description of a run, plain data. The page edits it, a link encodes it, the worker and the
 * headless runner run it. Nothing else is needed to get the same run again.
 */
import { z } from 'zod';
import { bitsSchema } from '@/catalog/bits';
import { datasetSchema } from '@/catalog/datasets';
import { layerSchema } from '@/catalog/layers';
import { learningRateSchema, optimizerSchema } from '@/catalog/optimizers';
import { activationSiteSchema } from '@/catalog/quantizers';
import { networkProblem } from './network';

/** Most layers a network may have, and most changes a run may record. */
export const maxLayers = 24;
export const maxChanges = 2000;
export const maxSteps = 1_000_000;

/** The name of a layer ("dense2"), or "input". */
const layerName = z.string().regex(/^[a-z]{1,12}[0-9]{0,2}$/);

/** What can change between two steps without a new start. */
const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('bits'),
    step: z.int().min(1).max(maxSteps),
    layer: layerName,
    site: z.enum(['weights', 'activations']),
    bits: bitsSchema,
  }),
  z.strictObject({
    kind: z.literal('learningRate'),
    step: z.int().min(1).max(maxSteps),
    value: learningRateSchema,
  }),
]);
/** One entry of the record: before step number `step` is trained (steps done when it took effect), this changed. */
export type Change = z.infer<typeof changeSchema>;
/** A change that has not been given its step yet. */
export type Edit = Change extends infer C ? (C extends Change ? Omit<C, 'step'> : never) : never;

export const experimentSchema = z
  .strictObject({
    /** Version of the experiment's meaning; the link grammar carries the same number. */
    version: z.literal(1),
    /** Seeds the separate streams for data, initial weights and batch order. */
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1),
    dataset: datasetSchema,
    /** How the network's input is rounded. */
    input: activationSiteSchema,
    layers: z.array(layerSchema).min(1).max(maxLayers),
    optimizer: optimizerSchema,
    batchSize: z.int().min(1).max(1024),
    /** When training pauses by itself: after so many steps, or at this QAT test accuracy (a fraction). */
    stop: z.strictObject({
      steps: z.int().min(1).max(maxSteps).optional(),
      accuracy: z.number().gt(0).max(1).optional(),
    }),
    /** Changes made during the run, in order of their steps. */
    changes: z.array(changeSchema).max(maxChanges),
  })
  .superRefine((experiment, context) => {
    const problem = networkProblem(experiment);
    if (problem)
      context.addIssue({ code: 'custom', path: ['layers', problem.layer], message: problem.message });
    experiment.changes.forEach((change, index) => {
      const before = experiment.changes[index - 1];
      if (before && before.step > change.step)
        context.addIssue({
          code: 'custom',
          path: ['changes', index],
          message: 'The changes are not in the order of their steps.',
        });
    });
  });
export type Experiment = z.infer<typeof experimentSchema>;
