/**
 * Post-training quantization: the float twin prepared, calibrated on training examples and rounded, without training.
 * What is done is chosen in the experiment (src/experiment/ptq.ts); without choices the float twin's own variables are
 * rounded by the sites' own quantizers.
 */
import * as tf from '@tensorflow/tfjs-core';
import { siteAt } from '@/catalog/layers';
import { type WeightSite, weightBits, weightGranularity, weightQuantizerOf } from '@/catalog/quantizers';
import type { Dataset } from '@/data/dataset';
import type { ResolvedLayer } from '@/experiment/network';
import { ptqOf } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import { gramMatrix, grouped, isLinear, meanPatch, ungrouped } from '@/model/inputs';
import { disposeVariables, Network, type NetworkVariables, normAt, type Pass } from '@/model/network';
import {
  allSites,
  arrangeSites,
  createSites,
  disposeSites,
  initialiseWeights,
  type NetworkPlan,
  placeKey,
  type Sites,
} from '@/model/sites';
import { adaround } from '@/quant/adaround';
import { entropyClip } from '@/quant/entropy';
import { foldedWeights } from '@/quant/fold';
import { roundWeights } from '@/quant/weights';
import { range, rowsOf } from './batches';
import { calibrationPlan, entropyPlaces, hasPlainGrid } from './calibrationPlan';
import { equaliseNetwork } from './equalise';

/** Values of a site that a clip is found in by entropy. */
const entropyValues = 2 ** 18;
/** Examples that layers' inputs are taken from, and how many go through the network at once. */
const inputSamples = 256;
const chunk = 64;

/** A copy with data of its own: kernels write some variables in place, and a clone shares its data. */
export const copied = (tensor: tf.Tensor): tf.Tensor => tf.mul(tensor, 1);

const noLayers: ReadonlySet<string> = new Set();

export class PostTraining {
  private readonly network: Network;
  private sites: Sites;
  /** The float twin's, or those of a copy that was prepared. */
  private present: NetworkVariables | undefined;
  private copy: NetworkVariables | undefined;
  private stepped: ReadonlySet<string> = noLayers;
  /** Weights before their roundings were learned, while biases wait to be corrected for that. */
  private readonly originals = new Map<string, tf.Tensor>();
  /** Examples that are calibrated on. */
  private samples = 0;
  /** Settings have changed since ranges were found. */
  stale = true;

  constructor(
    private experiment: Experiment,
    private readonly dataset: Dataset,
    lender: Network,
  ) {
    const plan = calibrationPlan(experiment, this.stepped);
    this.network = new Network(plan, experiment.seed, lender);
    this.sites = createSites(plan, experiment.seed);
  }

  get plan(): NetworkPlan {
    return this.network.plan;
  }
  /** What is rounded. Needs `calibrate` first. */
  get variables(): NetworkVariables {
    return this.present!;
  }
  get pass(): Pass {
    return { quantize: true, observe: false, training: false, sites: this.sites };
  }
  /** What a site has observed. */
  observer(key: string): tf.Variable | undefined {
    return this.sites.activations.get(key)?.observer;
  }

  /** Logits for inputs [batch, ...inputShape]; `integers`: as the deployed integers compute. */
  forward(x: tf.Tensor, tap?: Pass['tap'], integers = true): tf.Tensor {
    return this.network.forward(this.variables, x, { ...this.pass, integers, ...(tap ? { tap } : {}) });
  }

  /** Takes settings that have changed; widths are in force at once, ranges are found anew by `calibrate`. */
  arrange(experiment: Experiment): void {
    this.experiment = experiment;
    this.stale = true;
    this.replan(noLayers);
  }

  private replan(stepped: ReadonlySet<string>): void {
    this.stepped = stepped;
    this.network.plan = calibrationPlan(this.experiment, stepped);
    arrangeSites(this.sites, this.network.plan, this.experiment.seed);
  }

  /**
   * Finds ranges anew for the float twin as it is now, after preparing it as the experiment says.
   * @param float the float twin's variables
   * @param deep learns roundings too, where they are asked for: seconds
   * @param atMost so many examples are calibrated on: fewer than are asked for while a young run is looked at
   */
  async calibrate(float: NetworkVariables, deep = false, atMost = Number.POSITIVE_INFINITY): Promise<void> {
    const ptq = ptqOf(this.experiment);
    this.samples = Math.min(ptq.samples, this.dataset.train.count, atMost);
    this.replan(noLayers);
    const round = deep && ptq.round;
    this.present = ptq.equalise || ptq.reestimate || ptq.correct || ptq.round ? this.copyOf(float) : float;
    if (ptq.equalise) await equaliseNetwork(this.plan.layers, this.present);
    await this.findRanges();
    if (ptq.reestimate) this.reestimate();
    if (round) await this.round();
    if (ptq.correct) this.correct(ptq.reestimate === true);
    this.stale = false;
  }

  private copyOf(float: NetworkVariables): NetworkVariables {
    this.copy ??= new Map(
      [...float].map(([key, variable]) => [key, tf.tidy(() => tf.variable(tf.zerosLike(variable), false))]),
    );
    for (const [key, variable] of float) tf.tidy(() => this.copy!.get(key)!.assign(copied(variable)));
    return this.copy;
  }

  private rows(from: number, to: number) {
    return rowsOf(this.dataset.train, this.dataset.inputShape, range(from, to));
  }

  /** What is rounded at a layer's weights: the variable, or what batch norm is folded into. */
  private folded(key: string): tf.Tensor {
    const weights = this.variables.get(key)! as tf.Tensor;
    const norm = normAt(this.variables, key);
    return norm ? foldedWeights(weights, norm.gamma, norm.running) : weights;
  }

  private async findRanges(): Promise<void> {
    const { plan } = this;
    const names = allSites(plan);
    initialiseWeights(this.sites, plan, names.weights, (key) => this.folded(key));
    const byEntropy = entropyPlaces(plan, ptqOf(this.experiment));
    const seen = new Map<string, tf.Tensor>();
    const batch = this.rows(0, this.samples);
    tf.tidy(() => {
      this.network.forward(this.variables, batch.x, {
        quantize: false,
        observe: false,
        training: false,
        sites: this.sites,
        initialise: { sites: names.activations, fresh: false },
        see: (key, latent) => {
          if (!byEntropy.has(key) || seen.has(key)) return;
          const flat = tf.reshape(latent, [-1]);
          seen.set(key, tf.keep(tf.slice(flat, [0], [Math.min(entropyValues, flat.size)])));
        },
      });
    });
    tf.dispose([batch.x, batch.y]);
    for (const [key, values] of seen) {
      await this.clipByEntropy(key, await values.data(), byEntropy.get(key)!);
      values.dispose();
    }
  }

  private async clipByEntropy(key: string, values: ArrayLike<number>, bits: number): Promise<void> {
    const { observer } = this.sites.activations.get(key)!;
    const [low = 0, high = 0, initialised = 1, momentum = 0] = await observer.data();
    const clip = entropyClip(values, low < 0 ? 2 ** (bits - 1) : 2 ** bits);
    const range = [Math.max(low, -clip), Math.min(high, clip), initialised, momentum];
    tf.tidy(() => observer.assign(tf.tensor1d(range)));
  }

  /** Batch norm's running statistics: the mean over the calibration set with everything rounded. */
  private reestimate(): void {
    const count = Math.max(1, Math.floor(this.samples / chunk));
    for (let i = 0; i < count; i++) {
      const batch = this.rows(i * chunk, Math.min((i + 1) * chunk, this.samples));
      tf.tidy(() => {
        const norm = tf.tensor1d([1 / (i + 1)]);
        this.network.forward(this.variables, batch.x, { ...this.pass, norm });
      });
      tf.dispose([batch.x, batch.y]);
    }
  }

  /** The mean over chunks of examples of what is made of a layer's inputs. The caller disposes it. */
  private meanOverInputs(
    layers: readonly ResolvedLayer[],
    pass: Pass,
    make: (layer: ResolvedLayer, x: tf.Tensor) => tf.Tensor,
  ): Map<string, tf.Tensor> {
    const sums = new Map<string, tf.Tensor>();
    const count = Math.min(inputSamples, this.dataset.train.count);
    for (let from = 0; from < count; from += chunk) {
      const to = Math.min(from + chunk, count);
      const batch = this.rows(from, to);
      tf.tidy(() => {
        this.network.forward(this.variables, batch.x, {
          ...pass,
          enter: (name, numbers) => {
            const layer = layers.find((each) => each.name === name);
            if (!layer) return;
            const part = tf.mul(make(layer, numbers()), (to - from) / count);
            const before = sums.get(name);
            sums.set(name, tf.keep(before ? tf.add(before, part) : part));
            before?.dispose();
          },
        });
      });
      tf.dispose([batch.x, batch.y]);
    }
    return sums;
  }

  /** Layers with one linear product whose weights are rounded to a grid of integers with a scale apart. */
  private roundable(): ResolvedLayer[] {
    return this.plan.layers.filter((layer) => {
      const site = siteAt(layer.spec, 'weights') as WeightSite | undefined;
      if (!site || !isLinear(layer)) return false;
      const bits = weightBits(site);
      const channels = weightGranularity(site);
      return (
        bits !== 32 &&
        bits !== 1 &&
        hasPlainGrid(site) &&
        (channels === 'channel' || channels === 'tensor') &&
        !weightQuantizerOf(site.quantizer).blocks
      );
    });
  }

  /** AdaRound, layer by layer, each on what comes into it once those before it are rounded. */
  private async round(): Promise<void> {
    for (const { name } of this.roundable()) {
      const layer = this.plan.layers.find((each) => each.name === name)!;
      const gram = this.meanOverInputs([layer], this.pass, gramMatrix).get(name)!;
      const key = placeKey(name, 'weights');
      const state = this.sites.weights.get(key)!;
      const [qmin = 0, qmax = 0] = await state.settings.data();
      const [weights, scale] = tf.tidy(() => {
        const folded = this.folded(key);
        const site = siteAt(layer.spec, 'weights') as WeightSite;
        const { params } = roundWeights(folded, site, state, tf.tensor1d([-1]));
        const channels = folded.shape.at(-1)!;
        const row = tf.mul(
          tf.reshape(tf.slice(params, [0, 0], [1, params.shape[1]]), [1, 1, -1]),
          tf.ones([1, 1, channels]),
        );
        const inGroups = grouped(layer, folded);
        const byGroup = inGroups.shape[0] === 1 ? row : tf.reshape(row, [channels, 1, 1]);
        return [tf.keep(inGroups), tf.keep(byGroup as tf.Tensor3D)] as const;
      });
      if (ptqOf(this.experiment).correct)
        this.originals.set(
          name,
          tf.tidy(() => tf.keep(copied(this.folded(key)))),
        );
      const integers = await adaround({ weights, gram: gram as tf.Tensor3D, scale, qmin, qmax });
      // From now on the layer's steps are these, whatever found them.
      const steps = tf.tidy(() => tf.keep(tf.reshape(scale, [1, -1])));
      this.replan(new Set([...this.stepped, name]));
      tf.tidy(() => {
        state.learned!.assign(steps);
        const variable = this.variables.get(key)!;
        const meant = ungrouped(layer, tf.mul(integers, scale) as tf.Tensor3D, variable.shape);
        const norm = normAt(this.variables, key);
        const factor = norm && foldedWeights(tf.ones([1, norm.gamma.size]), norm.gamma, norm.running);
        variable.assign(factor ? tf.div(meant, factor) : meant);
      });
      tf.dispose([gram, weights, scale, integers, steps]);
    }
  }

  /**
   * Takes from each bias the mean that rounding the weights adds to the layer's sums.
   * @param estimated layers with batch norm have had their means made anew
   */
  private correct(estimated: boolean): void {
    const layers = this.plan.layers.filter(
      (layer) => isLinear(layer) && !(estimated && normAt(this.variables, placeKey(layer.name, 'weights'))),
    );
    const means = this.meanOverInputs(
      layers,
      { quantize: false, observe: false, training: false },
      meanPatch,
    );
    for (const layer of layers) {
      const key = placeKey(layer.name, 'weights');
      const site = siteAt(layer.spec, 'weights') as WeightSite;
      const mean = means.get(layer.name)!;
      tf.tidy(() => {
        const folded = this.folded(key);
        const { values, params } = roundWeights(
          folded,
          site,
          this.sites.weights.get(key)!,
          tf.tensor1d([-1]),
        );
        const scale = tf.reshape(tf.slice(params, [0, 0], [1, params.shape[1]]), [-1]);
        const original = this.originals.get(layer.name) ?? folded;
        const change = tf.sub(tf.mul(values, scale), original);
        // Of a depthwise layer [K, C] times the mean patch [K, C], of others [K]' [K, C].
        const flat = tf.reshape(change, [mean.shape[0]!, -1]);
        const shift =
          mean.rank === 2
            ? tf.sum(tf.mul(mean, flat), 0)
            : tf.reshape(tf.matMul(tf.reshape(mean, [1, -1]), flat as tf.Tensor2D), [-1]);
        const biases = this.variables.get(`${layer.name}/biases`)!;
        biases.assign(tf.sub(biases, shift));
      });
      mean.dispose();
    }
    tf.dispose([...this.originals.values()]);
    this.originals.clear();
  }

  dispose(): void {
    disposeSites(this.sites);
    if (this.copy) disposeVariables(this.copy);
    this.network.dispose();
  }
}
