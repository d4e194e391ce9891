/**
 * How much the loss minds the rounding of each layer, measured (one layer rounded at a time, the rest of the float twin
 * as it is) and estimated: half the mean Hessian trace of the layer's weights times their squared rounding error (HAWQ-V2,
 * Dong et al. 2020), the trace by Hutchinson's method: v' H v for random signs v.
 *
 * H v is a central difference of gradients, (g(w + e v) - g(w - e v)) / 2e: its error is of order e² in the third
 * derivative, and float32 gradients add about 1e-6 |g| / e. e is a hundredth of the weights' root mean square.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Bits } from '@/catalog/bits';
import { siteAt, withSite } from '@/catalog/layers';
import { fitBits, quantizerAt, siteBits, type TensorKind, type WeightSite } from '@/catalog/quantizers';
import type { Dataset, Split } from '@/data/dataset';
import { stream } from '@/data/random';
import { type ResolvedLayer, resolveNetwork, roundsInput } from '@/experiment/network';
import { calibrationSamples } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import { spearman } from '@/experiment/statistics';
import { softmaxCrossEntropy } from '@/kernels/softmaxCrossEntropy';
import { disposeVariables, Network, type NetworkVariables, normAt } from '@/model/network';
import {
  allSites,
  createSites,
  disposeSites,
  initialiseWeights,
  type NetworkPlan,
  placeKey,
  type Sites,
} from '@/model/sites';
import { foldedWeights } from '@/quant/fold';
import { roundWeights } from '@/quant/weights';
import { type Batch, range, rowsOf } from './batches';
import { comparedBits, type Going, type LayerSensitivity, type Rise, type Sensitivity } from './measurement';

/** Widths that are tried. */
export const triedBits = [8, 6, 5, 4, 3, 2, 1] as const satisfies readonly Bits[];
const mostExamples = 600;
const fewestExamples = 50;
const traceExamples = 256;
const probes = 6;

export interface Probed {
  step: number;
  /** The settings of now. */
  experiment: Experiment;
  dataset: Dataset;
  /** Of the float twin. */
  variables: NetworkVariables;
}
/** Examples to judge by: validation, or where there is none, training examples after those that ranges are found on. */
function judged({ train, validation }: Dataset): { part: Sensitivity['part']; split: Split; rows: number[] } {
  if (validation.count >= fewestExamples)
    return {
      part: 'validation',
      split: validation,
      rows: range(0, Math.min(mostExamples, validation.count)),
    };
  const count = Math.min(mostExamples, train.count);
  return { part: 'train', split: train, rows: range(train.count - count, train.count) };
}

const ownSites = (layer: ResolvedLayer, kind: TensorKind | 'both') =>
  layer.sites.filter((name) => {
    const site = siteAt(layer.spec, name)!;
    return kind === 'both' || ('granularity' in site ? 'weights' : 'activations') === kind;
  });

class Prober {
  private readonly network: Network;
  private readonly batch: Batch;
  private readonly calibration: Batch;
  private readonly plan: NetworkPlan;

  constructor(
    private readonly probed: Probed,
    { split, rows }: ReturnType<typeof judged>,
  ) {
    const { experiment, dataset } = probed;
    const layers = resolveNetwork(experiment);
    this.plan = roundsInput(experiment.dataset) ? { input: experiment.input, layers } : { layers };
    this.network = new Network(this.plan, experiment.seed);
    this.batch = rowsOf(split, dataset.inputShape, rows);
    const count = Math.min(calibrationSamples, dataset.train.count);
    this.calibration = rowsOf(dataset.train, dataset.inputShape, range(0, count));
  }

  get layers(): readonly ResolvedLayer[] {
    return this.plan.layers;
  }

  /** What is rounded at a layer's weights. */
  private folded(variables: NetworkVariables, key: string): tf.Tensor {
    const weights = variables.get(key)! as tf.Tensor;
    const norm = normAt(variables, key);
    return norm ? foldedWeights(weights, norm.gamma, norm.running) : weights;
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
    initialiseWeights(sites, plan, new Set(sites.weights.keys()), (key) => this.folded(variables, key));
    if (sites.activations.size > 0) {
      this.network.plan = plan;
      tf.tidy(() => {
        this.network.forward(variables, this.calibration.x, {
          quantize: false,
          observe: false,
          training: false,
          sites,
          initialise: { sites: new Set(sites.activations.keys()), fresh: false },
        });
      });
    }
    return [plan, sites];
  }

  async score(plan: NetworkPlan = this.plan, sites?: Sites): Promise<Omit<Rise, 'bits'>> {
    this.network.plan = plan;
    const pass = {
      quantize: sites !== undefined,
      observe: false,
      training: false,
      ...(sites ? { sites } : {}),
    };
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
      const folded = this.folded(variables, key);
      const { values, params } = roundWeights(
        folded,
        siteAt(spec, 'weights') as WeightSite,
        sites.weights.get(key)!,
        tf.tensor1d([-1]),
      );
      const scale = tf.reshape(tf.slice(params, [0, 0], [1, params.shape[1]]), [-1]);
      const change = tf.sub(tf.mul(values, scale), folded);
      const norm = normAt(variables, key);
      const factor = norm && foldedWeights(tf.ones([1, norm.gamma.size]), norm.gamma, norm.running);
      return tf.sum(tf.square(factor ? tf.div(change, factor) : change));
    });
    const [error = 0] = await sum.data();
    sum.dispose();
    disposeSites(sites);
    return error;
  }

  /** Mean Hessian trace of a layer's weights: one value for each probe. */
  async trace(layer: ResolvedLayer, copies: NetworkVariables): Promise<number[]> {
    const { experiment } = this.probed;
    const key = placeKey(layer.name, 'weights');
    const variable = copies.get(key)!;
    const random = stream(experiment.seed, `trace/${layer.name}`);
    const count = Math.min(traceExamples, this.batch.x.shape[0]!);
    const rows = tf.tidy(() => tf.keep(tf.slice(this.batch.x, 0, count)));
    const perExample = this.batch.y.size / this.batch.x.shape[0]!;
    const labels = tf.tidy(() => tf.keep(tf.slice(this.batch.y, 0, count * perExample)));
    this.network.plan = this.plan;
    const gradientAt = (values: tf.Tensor): tf.Tensor =>
      tf.tidy(() => {
        variable.assign(values);
        const { grads } = tf.variableGrads(() => {
          const logits = this.network.forward(copies, rows, {
            quantize: false,
            observe: false,
            training: false,
          });
          return softmaxCrossEntropy(tf.reshape(logits, [-1, logits.shape.at(-1)!]), labels);
        }, [variable]);
        return grads[variable.name]!;
      });
    const found: number[] = [];
    const start = tf.tidy(() => tf.keep(tf.clone(variable as tf.Tensor)));
    const deviation = tf.tidy(() => tf.sqrt(tf.mean(tf.square(start))));
    const [size = 0] = await deviation.data();
    deviation.dispose();
    const step = 0.01 * Math.max(size, 1e-6);
    for (let probe = 0; probe < probes; probe++) {
      const signs = Float32Array.from({ length: variable.size }, () => (random.next() < 0.5 ? -1 : 1));
      const result = tf.tidy(() => {
        const v = tf.tensor(signs, variable.shape);
        const up = gradientAt(tf.add(start, tf.mul(v, step)));
        const down = gradientAt(tf.sub(start, tf.mul(v, step)));
        return tf.sum(tf.mul(v, tf.div(tf.sub(up, down), 2 * step)));
      });
      found.push((await result.data())[0]! / variable.size);
      result.dispose();
    }
    tf.tidy(() => variable.assign(tf.clone(start)));
    tf.dispose([start, rows, labels]);
    return found;
  }

  copies(): NetworkVariables {
    return new Map(
      [...this.probed.variables].map(([key, variable]) => [
        key,
        tf.tidy(() => tf.variable(tf.mul(variable as tf.Tensor, 1))),
      ]),
    );
  }

  dispose(): void {
    tf.dispose([this.batch.x, this.batch.y, this.calibration.x, this.calibration.y]);
    this.network.dispose();
  }
}

/** Whether a width makes a site what it says: quantizers of fixed width have but that one. */
const hasWidth = (layer: ResolvedLayer, kind: TensorKind, bits: Bits): boolean =>
  ownSites(layer, kind).every((name) => fitBits(quantizerAt(name, siteAt(layer.spec, name)!), bits) === bits);

/** @returns undefined where `going` stopped it */
export async function measureSensitivity(probed: Probed, going: Going): Promise<Sensitivity | undefined> {
  const examples = judged(probed.dataset);
  const prober = new Prober(probed, examples);
  const copies = prober.copies();
  try {
    const base = await prober.score();
    const rise = (score: Omit<Rise, 'bits'>) => ({
      loss: score.loss - base.loss,
      accuracy: base.accuracy - score.accuracy,
    });
    const layers = prober.layers.filter(({ sites }) => sites.length > 0);
    const result: LayerSensitivity[] = [];
    for (const layer of layers) {
      if (!(await going(result.length, layers.length))) return undefined;
      const measured: LayerSensitivity = {
        name: layer.name,
        present: rise(await prober.scoreOnly(layer, 'both')),
      };
      for (const kind of ['weights', 'activations'] as const) {
        if (ownSites(layer, kind).length === 0) continue;
        // Logits stay accumulators unless they were set to round.
        const output = siteAt(layer.spec, 'activations');
        if (kind === 'activations' && layer.last && output && siteBits('activations', output) === 32)
          continue;
        const rises: Rise[] = [];
        for (const bits of triedBits) {
          if (!hasWidth(layer, kind, bits)) continue;
          rises.push({ bits, ...rise(await prober.scoreOnly(layer, kind, bits)) });
          if (!(await going(result.length, layers.length))) return undefined;
        }
        measured[kind] = rises;
      }
      if (siteAt(layer.spec, 'weights') && ownSites(layer, 'weights').length === 1) {
        const traces = await prober.trace(layer, copies);
        const mean = traces.reduce((a, b) => a + b, 0) / probes;
        const spread = traces.reduce((sum, t) => sum + (t - mean) ** 2, 0) / (probes - 1);
        measured.trace = mean;
        measured.traceError = Math.sqrt(spread / probes);
        measured.estimated = [];
        for (const { bits } of measured.weights ?? [])
          measured.estimated.push({
            bits,
            loss: 0.5 * mean * (await prober.weightError(layer, bits)),
          });
      }
      result.push(measured);
    }
    const compared = result.flatMap(({ weights, estimated }) => {
      const [m, e] = [weights, estimated].map(
        (list) => list?.find(({ bits }) => bits === comparedBits)?.loss,
      );
      return m === undefined || e === undefined ? [] : [[m, e] as const];
    });
    const rank = spearman(
      compared.map(([m]) => m),
      compared.map(([, e]) => e),
    );
    return {
      step: probed.step,
      part: examples.part,
      examples: examples.rows.length,
      ...base,
      layers: result,
      ...(rank === undefined ? {} : { spearman: rank }),
    };
  } finally {
    disposeVariables(copies);
    prober.dispose();
  }
}
