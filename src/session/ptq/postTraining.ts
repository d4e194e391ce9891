/**
 * Post-training quantization: the float twin prepared, calibrated on training examples and rounded, without training.
 * What is done is chosen in the experiment (src/experiment/ptq.ts); without choices the float twin's own variables are
 * rounded by the sites' own quantizers.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '@/data/dataset';
import { ptqOf } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import { isLinear } from '@/model/inputs';
import { Network } from '@/model/network';
import { type Pass, plainPass } from '@/model/pass';
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
import {
  copied,
  copiedVariables,
  disposeVariables,
  latentAt,
  type NetworkVariables,
  normAt,
  unfoldedAt,
} from '@/model/variables';
import { entropyClip } from '@/quant/entropy';
import { range, rowsOf } from '../batches';
import { correctBiases } from './biasCorrection';
import { calibrationPlan, entropyPlaces } from './calibrationPlan';
import { equaliseNetwork } from './equalise';
import { chunk, type Prepared } from './layerInputs';
import { hasLearnableRounding, learnRounding } from './learnRounding';

/** Values of a site that a clip is found in by entropy. */
const entropyValues = 2 ** 18;
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
    this.copy ??= copiedVariables(float, false);
    for (const [key, variable] of float) tf.tidy(() => this.copy!.get(key)!.assign(copied(variable)));
    return this.copy;
  }

  private rows(from: number, to: number) {
    return rowsOf(this.dataset.train, this.dataset.inputShape, range(from, to));
  }

  private async findRanges(): Promise<void> {
    const { plan } = this;
    const names = allSites(plan);
    initialiseWeights(this.sites, plan, names.weights, (key) => latentAt(this.variables, key));
    const byEntropy = entropyPlaces(plan, ptqOf(this.experiment));
    const seen = new Map<string, tf.Tensor>();
    const batch = this.rows(0, this.samples);
    tf.tidy(() => {
      this.network.forward(this.variables, batch.x, {
        ...plainPass,
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

  private get prepared(): Prepared {
    const { network, variables, sites, dataset } = this;
    return { network, variables, sites, dataset };
  }

  /** AdaRound, layer by layer, each on what comes into it once those before it are rounded. */
  private async round(): Promise<void> {
    const keepsOriginals = ptqOf(this.experiment).correct;
    for (const { name } of this.plan.layers.filter(hasLearnableRounding)) {
      const layer = this.plan.layers.find((each) => each.name === name)!;
      const key = placeKey(name, 'weights');
      if (keepsOriginals)
        this.originals.set(
          name,
          tf.tidy(() => tf.keep(copied(latentAt(this.variables, key)))),
        );
      const { steps, latent } = await learnRounding(this.prepared, layer, this.pass);
      // From now on the layer's steps are these, whatever found them.
      this.replan(new Set([...this.stepped, name]));
      tf.tidy(() => {
        this.sites.weights.get(key)!.learned!.assign(steps);
        this.variables.get(key)!.assign(unfoldedAt(this.variables, key, latent));
      });
      tf.dispose([steps, latent]);
    }
  }

  /** @param estimated layers with batch norm have had their means made anew */
  private correct(estimated: boolean): void {
    const layers = this.plan.layers.filter(
      (layer) => isLinear(layer) && !(estimated && normAt(this.variables, placeKey(layer.name, 'weights'))),
    );
    correctBiases(this.prepared, layers, this.originals);
    tf.dispose([...this.originals.values()]);
    this.originals.clear();
  }

  dispose(): void {
    disposeSites(this.sites);
    if (this.copy) disposeVariables(this.copy);
    this.network.dispose();
  }
}
