/** The float twin with one layer rounded at a time, and what that does to its loss. */
import * as tf from '@tensorflow/tfjs-core';
import type { Bits } from '@/catalog/bits';
import { siteAt, withSite } from '@/catalog/layers';
import type { TensorKind, WeightSite } from '@/catalog/quantizers';
import type { Dataset, Split } from '@/data/dataset';
import { type ResolvedLayer, resolveNetwork, roundsInput } from '@/experiment/network';
import { calibrationSamples } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import { softmaxCrossEntropy } from '@/kernels/softmaxCrossEntropy';
import { Network } from '@/model/network';
import { plainPass } from '@/model/pass';
import {
  allSites,
  createSites,
  disposeSites,
  initialiseWeights,
  type NetworkPlan,
  placeKey,
  type Sites,
} from '@/model/sites';
import { latentAt, type NetworkVariables, unfoldedAt } from '@/model/variables';
import { roundedNumbers } from '@/quant/weights';
import { type Batch, range, rowsOf } from '../batches';
import type { Rise } from './measurement';

export interface Probed {
  step: number;
  /** The settings of now. */
  experiment: Experiment;
  dataset: Dataset;
  /** Of the float twin. */
  variables: NetworkVariables;
}

/** A layer's sites of weights, of outputs, or of both. */
export const ownSites = (layer: ResolvedLayer, kind: TensorKind | 'both') =>
  layer.sites.filter((name) => {
    const site = siteAt(layer.spec, name)!;
    return kind === 'both' || ('granularity' in site ? 'weights' : 'activations') === kind;
  });

/** Scores the float twin with some sites of one layer rounded, their ranges found as PTQ finds them. */
export class Prober {
  readonly network: Network;
  /** What is judged by. */
  readonly batch: Batch;
  private readonly calibration: Batch;
  readonly plan: NetworkPlan;

  constructor(
    readonly probed: Probed,
    split: Split,
    rows: number[],
  ) {
    const { experiment, dataset } = probed;
    const layers = resolveNetwork(experiment);
    this.plan = roundsInput(experiment.dataset) ? { input: experiment.input, layers } : { layers };
    this.network = new Network(this.plan, experiment.seed);
    this.batch = rowsOf(split, dataset.inputShape, rows);
    const count = Math.min(calibrationSamples, dataset.train.count);
    this.calibration = rowsOf(dataset.train, dataset.inputShape, range(0, count));
  }

  /** The plan with sites of one layer at a width, and the sites there with their ranges found. Nothing else rounds. */
  private only(
    layer: ResolvedLayer,
    kind: TensorKind | 'both',
    bits: Bits | undefined,
  ): [NetworkPlan, Sites] {
    const { experiment, variables } = this.probed;
    const names = ownSites(layer, kind);
    const spec = names.reduce(
      (next, name) =>
        bits === undefined ? next : withSite(next, name, { ...siteAt(next, name)!, bits } as never),
      layer.spec,
    );
    const plan = {
      ...this.plan,
      layers: this.plan.layers.map((each) => (each.name === layer.name ? { ...each, spec } : each)),
    };
    const sites = createSites(plan, experiment.seed);
    const keys = new Set(names.map((name) => placeKey(layer.name, name)));
    const all = allSites(plan);
    for (const tensors of ['weights', 'activations'] as const)
      for (const key of all[tensors]) {
        if (keys.has(key)) continue;
        const state = sites[tensors].get(key)!;
        tf.dispose(Object.values(state));
        sites[tensors].delete(key);
      }
    initialiseWeights(sites, plan, new Set(sites.weights.keys()), (key) => latentAt(variables, key));
    if (sites.activations.size > 0) {
      this.network.plan = plan;
      tf.tidy(() => {
        this.network.forward(variables, this.calibration.x, {
          ...plainPass,
          sites,
          initialise: { sites: new Set(sites.activations.keys()), fresh: false },
        });
      });
    }
    return [plan, sites];
  }

  async score(plan: NetworkPlan = this.plan, sites?: Sites): Promise<Omit<Rise, 'bits'>> {
    this.network.plan = plan;
    const pass = sites ? { ...plainPass, quantize: true, sites } : plainPass;
    const result = tf.tidy(() => {
      const logits = this.network.forward(this.probed.variables, this.batch.x, pass);
      const rows = tf.reshape(logits, [-1, logits.shape.at(-1)!]) as tf.Tensor2D;
      const { y } = this.batch;
      const counted = tf.cast(tf.greaterEqual(y, 0), 'float32');
      const right = tf.mul(tf.cast(tf.equal(tf.argMax(rows, 1), y), 'float32'), counted);
      return tf.stack([softmaxCrossEntropy(rows, y), tf.div(tf.sum(right), tf.sum(counted))]);
    });
    const [loss = 0, accuracy = 0] = await result.data();
    result.dispose();
    return { loss, accuracy };
  }

  async scoreOnly(layer: ResolvedLayer, kind: TensorKind | 'both', bits?: Bits): Promise<Omit<Rise, 'bits'>> {
    const [plan, sites] = this.only(layer, kind, bits);
    const score = await this.score(plan, sites);
    disposeSites(sites);
    return score;
  }

  /** Squared rounding error of a layer's weights at a width, before batch norm is folded in. */
  async weightError(layer: ResolvedLayer, bits: Bits): Promise<number> {
    const { variables } = this.probed;
    const [plan, sites] = this.only(layer, 'weights', bits);
    const key = placeKey(layer.name, 'weights');
    const spec = plan.layers.find(({ name }) => name === layer.name)!.spec;
    const sum = tf.tidy(() => {
      const latent = latentAt(variables, key);
      const site = siteAt(spec, 'weights') as WeightSite;
      const change = tf.sub(roundedNumbers(latent, site, sites.weights.get(key)!), latent);
      return tf.sum(tf.square(unfoldedAt(variables, key, change)));
    });
    const [error = 0] = await sum.data();
    sum.dispose();
    disposeSites(sites);
    return error;
  }

  dispose(): void {
    tf.dispose([this.batch.x, this.batch.y, this.calibration.x, this.calibration.y]);
    this.network.dispose();
  }
}
