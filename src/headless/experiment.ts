/** Runs one experiment to its end without a page, and sums it up. */

import { datasetInfo } from '@/catalog/datasets';
import { type LayerSpec, siteAt } from '@/catalog/layers';
import { type SiteName, siteBits } from '@/catalog/quantizers';
import type { Dataset } from '@/data/dataset';
import { NoIntegerForm } from '@/deploy/program';
import { settingsAt, timelineOf } from '@/experiment/changes';
import { encodeLink } from '@/experiment/link';
import { workingMemory } from '@/experiment/memory';
import { resolveNetwork } from '@/experiment/network';
import type { Parity } from '@/experiment/parity';
import type { Experiment } from '@/experiment/schema';
import { learnedWidths, modelSize } from '@/experiment/size';
import { parityOf, programOf } from '@/session/deploy';
import { TestSet } from '@/session/evaluate';
import { inspect } from '@/session/inspect';
import { Stepper, type Twin } from '@/session/stepper';
import { Trainer } from '@/session/trainer';

/** The JSON that `npm run experiment -- --json` prints. */
export interface Report {
  backend: 'wasm';
  mode: 'deterministic';
  seed: number;
  steps: number;
  dataset: { name: string; train: number; test: number; classes: number };
  float: { accuracy: number };
  qat: { accuracy: number };
  ptq: { accuracy: number };
  /** The QAT network as integers; absent where it has no integer form, and then why. */
  integer?: { accuracy: number; mismatches: number };
  /** The integer engine against the QAT network, layer by layer, on the whole test set. */
  parity?: Parity;
  noIntegers?: string;
  bytes: { float: number; quantized: number; ram: number };
  bops: number;
  layers: {
    name: string;
    kind: string;
    parameters: number;
    macs: number;
    weightBits: number | null;
    activationBits: number | null;
    /** The width of every site, for a layer with more than weights and output. */
    sites?: Record<string, number>;
    bytes: number;
    /** The width that the weights have learned, a real number of at most `weightBits`; absent where it is not learned. */
    learnedBits?: number;
    /** Null where nothing is rounded. */
    sqnrDb: number | null;
    /** Shares of the weights that oscillate and that are frozen; absent where they are not watched. */
    oscillation?: { share: number; frozen: number };
  }[];
  stepMs: { float: number; qat: number };
  link: string;
}

/** Loss became NaN or infinite. */
export class DivergedError extends Error {
  override name = 'DivergedError';
}

/** Lets runs take from each other what is the same in both (./results/sharing.ts). */
export interface Sharing {
  /** Takes up what is known of a run. @returns the networks that are left to be trained */
  begin(trainer: Trainer): Promise<readonly Twin[] | undefined>;
  /** A later step at which `reached` is to be called, if there is one. */
  next(step: number): number | undefined;
  reached(trainer: Trainer): Promise<void>;
  /** After the last step. */
  end(trainer: Trainer): Promise<void>;
}

/**
 * Needs a started wasm backend.
 * @param tell hears of progress in sentences; without it nothing is evaluated on the way
 * @param after is given the trained networks before they are let go
 * @throws DivergedError if the loss is no longer finite
 */
export async function runExperiment(
  experiment: Experiment,
  dataset: Dataset,
  steps: number,
  tell?: (sentence: string) => void,
  sharing?: Sharing,
  after?: (trainer: Trainer) => Promise<void>,
): Promise<Report> {
  const trainer = new Trainer(experiment, dataset);
  const stepper = new Stepper(trainer, () => timelineOf(experiment), true, await sharing?.begin(trainer));
  const test = new TestSet(trainer);
  const tellEvery = Math.max(1, Math.ceil(steps / 10));
  while (trainer.step < steps) {
    const next = Math.min(
      steps,
      (Math.floor(trainer.step / tellEvery) + 1) * tellEvery,
      sharing?.next(trainer.step) ?? steps,
    );
    const divergence = await stepper.burst(Number.POSITIVE_INFINITY, next);
    if (divergence)
      throw new DivergedError(
        `The loss of the ${divergence.network} network is no longer finite at step ${divergence.step}, in layer ${divergence.layer}; try a lower learning rate.`,
      );
    await sharing?.reached(trainer);
    if (!tell) continue;
    const [float, qat] = [await test.evaluate('float'), await test.evaluate('qat')];
    tell(`step ${next}: float ${percent(float.accuracy)}, QAT ${percent(qat.accuracy)}`);
  }
  // A change recorded for the very last step is still made, so that the result is that of the final bits.
  for (const change of timelineOf(experiment)) if (change.step === trainer.step) await trainer.edit(change);
  await sharing?.end(trainer);
  await trainer.calibrate(true);
  const scores = {
    float: await test.evaluate('float'),
    qat: await test.evaluate('qat'),
    ptq: await test.evaluate('ptq'),
  };
  const final = settingsAt(experiment, trainer.step);
  const seen = (await inspect(trainer, undefined)).layers;
  const size = modelSize(final, learnedWidths(seen));
  const summaries = new Map(seen.map((layer) => [layer.name, layer]));
  const { label, train, test: testCount, classes } = datasetInfo(experiment.dataset);
  const accuracy = (name: keyof typeof scores) => ({ accuracy: scores[name].accuracy });
  const report: Report = {
    backend: 'wasm',
    mode: 'deterministic',
    seed: experiment.seed,
    steps,
    dataset: { name: label, train, test: testCount, classes },
    float: accuracy('float'),
    qat: accuracy('qat'),
    ptq: accuracy('ptq'),
    ...(await integersOf(trainer)),
    bytes: { float: size.float, quantized: size.total, ram: workingMemory(final) },
    bops: size.bops,
    layers: resolveNetwork(final).map(({ name, spec, sites, parameters, macs }) => {
      const {
        sqnrDb: sqnr,
        oscillation,
        parameters: { bits: learnedBits } = {},
      } = summaries.get(name)?.sites.weights ?? {};
      return {
        name,
        kind: spec.kind,
        parameters,
        macs,
        weightBits: widthOf(spec, 'weights'),
        activationBits: widthOf(spec, 'activations'),
        ...(sites.length > 2
          ? { sites: Object.fromEntries(sites.map((site) => [site, widthOf(spec, site)!])) }
          : {}),
        bytes: size.layers.find((layer) => layer.name === name)?.total ?? 0,
        ...(learnedBits !== undefined && { learnedBits }),
        sqnrDb: sqnr !== undefined && Number.isFinite(sqnr) ? sqnr : null,
        ...(oscillation ? { oscillation } : {}),
      };
    }),
    stepMs: { float: stepper.times.float.value, qat: stepper.times.qat.value },
    link: encodeLink({ ...experiment, stop: { ...experiment.stop, steps } }),
  };
  await after?.(trainer);
  test.dispose();
  trainer.dispose();
  return report;
}

/** The deployed integers of the QAT network beside it, or why there are none. */
async function integersOf(trainer: Trainer): Promise<Pick<Report, 'integer' | 'parity' | 'noIntegers'>> {
  try {
    const parity = await parityOf(trainer, 'qat', await programOf(trainer, 'qat'));
    return {
      integer: { accuracy: parity.accuracy.integer, mismatches: parity.mismatches.evaluation },
      parity,
    };
  } catch (error) {
    if (error instanceof NoIntegerForm) return { noIntegers: error.message };
    throw error;
  }
}

/** The width of a layer's site; null where it has none. */
function widthOf(spec: LayerSpec, name: SiteName): number | null {
  const site = siteAt(spec, name);
  return site ? siteBits(name, site) : null;
}

export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;
