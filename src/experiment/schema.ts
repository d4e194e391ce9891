/**
 * The experiment: the one description of a run, plain data. The page edits it, a link encodes it, the worker and the
 * headless runner run it. Nothing else is needed to get the same run again.
 */
import { z } from 'zod';
import { bitsSchema } from '@/catalog/bits';
import { datasetSchema } from '@/catalog/datasets';
import { distillationSchema } from '@/catalog/distillation';
import { hasBatchNorm, layerSchema, type NormChange, normChanges, volume } from '@/catalog/layers';
import { learningRateSchema, optimizerSchema } from '@/catalog/optimizers';
import { activationSiteSchema, type SiteName, siteChoices, sites } from '@/catalog/quantizers';
import { maxSteps, stopSchema } from '@/catalog/stop';
import { networkProblem, resolveNetwork, sitesByName } from './network';
import { planProblem, planSchema } from './plan';
import { ptqSchema } from './ptq';

export { maxSteps };

/** Most layers a network may have, and most changes a run may record. */
export const maxLayers = 40;
export const maxChanges = 2000;
/** Most values that the layers of a network may have for one batch: 400 MB as float32. */
export const maxBatchValues = 100_000_000;

/** The name of a layer ("dense2"), or "input". */
const layerName = z.string().regex(/^[a-z]{1,12}[0-9]{0,2}$/);

const settingNames = [...new Set(Object.values(siteChoices).flatMap(Object.keys))] as [string, ...string[]];

const normEdits = Object.keys(normChanges) as [NormChange, ...NormChange[]];

/** What can change between two steps without a new start. */
const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('bits'),
    step: z.int().min(1).max(maxSteps),
    layer: layerName,
    site: z.enum(Object.keys(sites) as [SiteName, ...SiteName[]]),
    bits: bitsSchema,
  }),
  z.strictObject({
    kind: z.literal('quantizer'),
    step: z.int().min(1).max(maxSteps),
    layer: layerName,
    site: z.enum(Object.keys(sites) as [SiteName, ...SiteName[]]),
    /** Which of the site's choices: quantizer, granularity, range, estimator or rounding. */
    setting: z.enum(settingNames),
    /** The key of the entry chosen. */
    value: z.string().max(24),
  }),
  z.strictObject({
    kind: z.literal('batchNorm'),
    step: z.int().min(1).max(maxSteps),
    /** Where statistics come from now on; or running ones made anew, once, from the training data. */
    value: z.enum(normEdits),
  }),
  /** Whether the ranges of activations follow the batches; frozen ones stay as they are. */
  z.strictObject({
    kind: z.literal('observers'),
    step: z.int().min(1).max(maxSteps),
    value: z.enum(['following', 'frozen']),
  }),
  /** A layer held still is rounded and not trained: its weights, and the range of its output, stay as they are. */
  z.strictObject({
    kind: z.literal('hold'),
    step: z.int().min(1).max(maxSteps),
    layer: layerName,
    value: z.enum(['held', 'trained']),
  }),
  /** The QAT network becomes PTQ's result: the float twin's weights, prepared and calibrated as the experiment says. */
  z.strictObject({ kind: z.literal('adopt'), step: z.int().min(1).max(maxSteps) }),
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
    /** Where batch norm takes its statistics from, in networks that have it. */
    batchNorm: z.enum(['batch', 'frozen']).default('batch'),
    /** Absent: observers follow the batches. */
    observers: z.literal('frozen').optional(),
    /** Layers that are held still. */
    held: z.array(layerName).min(1).max(maxLayers).optional(),
    /** Precision as a function of the step; absent: only what is changed by hand. */
    plan: planSchema.optional(),
    /** How PTQ prepares and rounds the float twin; absent: the sites' own quantizers, nothing more. */
    ptq: ptqSchema.optional(),
    /** A loss term that draws the QAT network's outputs to those of the float twin. */
    distillation: distillationSchema.optional(),
    batchSize: z.int().min(1).max(1024),
    /** When training pauses by itself: after so many steps, or at this QAT test accuracy (a fraction). */
    stop: stopSchema,
    /** Changes made during the run, in order of their steps. */
    changes: z.array(changeSchema).max(maxChanges),
  })
  .superRefine((experiment, context) => {
    const problem = networkProblem(experiment);
    if (problem)
      context.addIssue({ code: 'custom', path: ['layers', problem.layer], message: problem.message });
    else {
      const values = resolveNetwork(experiment).reduce((sum, layer) => sum + volume(layer.outputShape), 0);
      if (values * experiment.batchSize > maxBatchValues)
        context.addIssue({
          code: 'custom',
          path: ['batchSize'],
          message: `The layers have ${values.toLocaleString('en')} values for each example: too many for batches of ${experiment.batchSize.toLocaleString('en')}.`,
        });
    }
    if (hasBatchNorm(experiment.layers) && experiment.batchSize < 2)
      context.addIssue({
        code: 'custom',
        path: ['batchSize'],
        message: 'Batch norm needs at least 2 examples in a batch.',
      });
    const named = sitesByName(experiment);
    for (const layer of experiment.held ?? [])
      if (!named.get(layer)?.length)
        context.addIssue({
          code: 'custom',
          path: ['held'],
          message: `The network has no ${layer} to hold still.`,
        });
    for (const layer of Object.keys(experiment.ptq?.methods ?? {}))
      if (!named.get(layer)?.length)
        context.addIssue({
          code: 'custom',
          path: ['ptq'],
          message: `The network has no ${layer} to calibrate.`,
        });
    if (!problem) {
      const wrong = planProblem(experiment);
      if (wrong) context.addIssue({ code: 'custom', path: ['plan'], message: wrong });
    }
    experiment.changes.forEach((change, index) => {
      const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['changes'], message });
      const before = experiment.changes[index - 1];
      if (before && before.step > change.step)
        refuse(`Step ${change.step} stands after step ${before.step}; they must be in order.`);
      if (change.kind === 'learningRate' || change.kind === 'observers' || change.kind === 'adopt') return;
      if (change.kind === 'hold') {
        if (!named.get(change.layer)?.length)
          refuse(`Step ${change.step} holds ${change.layer}, which the network does not have.`);
        return;
      }
      if (change.kind === 'batchNorm') {
        if (!hasBatchNorm(experiment.layers))
          refuse(`Step ${change.step} changes batch norm, which the network does not have.`);
        return;
      }
      if (!named.get(change.layer)?.includes(change.site))
        refuse(
          `Step ${change.step} changes the ${change.site} of ${change.layer}, which the network does not have.`,
        );
      if (change.kind !== 'quantizer') return;
      const options = siteChoices[change.site][change.setting];
      if (!options || !Object.hasOwn(options, change.value))
        refuse(
          `Step ${change.step} chooses ${options ? `a ${change.setting}` : 'a setting'} for the ${change.site} of ${change.layer} that is not known here.`,
        );
    });
  });
export type Experiment = z.infer<typeof experimentSchema>;
