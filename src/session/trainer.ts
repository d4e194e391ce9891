/**
 * One run: the float twin and the QAT network trained side by side on the same batches from the same initial weights,
 * and PTQ, the float twin rounded to the same bits. Knows steps and tensors, not time, messages or pages.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '@/data/dataset';
import { applyEdit, settingsAt } from '@/experiment/changes';
import { resolveNetwork } from '@/experiment/network';
import type { Edit, Experiment } from '@/experiment/schema';
import { softmaxCrossEntropy } from '@/kernels/softmaxCrossEntropy';
import { initialValues } from '@/model/initialize';
import {
  createSites,
  createVariables,
  disposeSites,
  disposeVariables,
  Network,
  type NetworkVariables,
  type Pass,
  type Sites,
  writeSettings,
} from '@/model/network';
import { Optimizer } from '@/model/optimizer';
import { freshObserver } from '@/quant/settings';
import { type Batch, BatchOrder, range, rowsOf } from './batches';
import type { Checkpoint, NetworkName } from './protocol';

/** Training examples that PTQ is calibrated on. */
export const calibrationSamples = 512;

/** One of the two networks that are trained. */
interface Trained {
  variables: NetworkVariables;
  optimizer: Optimizer;
  pass: Pass;
}

const flatten = (variables: NetworkVariables): Map<string, tf.Variable> =>
  new Map(
    [...variables].flatMap(([layer, { weights, biases }]): [string, tf.Variable][] => [
      [`${layer}/weights`, weights],
      [`${layer}/biases`, biases],
    ]),
  );

export class Trainer {
  /** Steps done. */
  step = 0;
  readonly order: BatchOrder;
  private readonly network: Network;
  private readonly twins: Record<'float' | 'qat', Trained>;
  private readonly qatSites: Sites;
  private readonly ptqSites: Sites;
  private settings: Experiment;

  /** Needs a started backend. @param experiment its changes up to the step reached are made by `restore` */
  constructor(
    experiment: Experiment,
    readonly dataset: Dataset,
  ) {
    this.settings = settingsAt(experiment, 0);
    const plan = this.plan();
    this.network = new Network(plan);
    const initial = initialValues(plan.layers, experiment.seed);
    this.qatSites = createSites(plan);
    this.ptqSites = createSites(plan);
    const twin = (pass: Pass): Trained => {
      const variables = createVariables(plan, initial);
      return { variables, optimizer: new Optimizer(experiment.optimizer, flatten(variables)), pass };
    };
    this.twins = {
      float: twin({ quantize: false, observe: false }),
      qat: twin({ quantize: true, observe: true, sites: this.qatSites }),
    };
    this.order = new BatchOrder(experiment.seed, dataset.train.count, experiment.batchSize);
    // The QAT network starts with the ranges of its untrained self, so that it is quantized sensibly from step 0.
    this.observeFloat(this.qatSites);
  }

  private plan() {
    return { input: this.settings.input, layers: resolveNetwork(this.settings) };
  }

  /** The settings in force now. */
  get present(): Experiment {
    return this.settings;
  }

  /** The batch of the step that comes next; the caller disposes it. */
  nextBatch(): Batch {
    return rowsOf(this.dataset.train, this.dataset.inputShape, this.order.rows(this.step));
  }

  /**
   * Computes the loss of one network on a batch and, if it may, updates the network. Training of both twins on the same
   * batch and `advance` make one step.
   * @param accept sees the loss before the update; false leaves the network as it was
   * @returns the mean cross-entropy before the update, a scalar that the caller disposes
   */
  train(name: 'float' | 'qat', batch: Batch, accept: (loss: tf.Scalar) => boolean = () => true): tf.Scalar {
    const { variables, optimizer, pass } = this.twins[name];
    return tf.tidy(() => {
      const list = [...flatten(variables).values()];
      const { value, grads } = tf.variableGrads(
        () => softmaxCrossEntropy(this.network.forward(variables, batch.x, pass), batch.y),
        list,
      );
      if (accept(value)) optimizer.step(grads);
      return value;
    });
  }

  /** The first layer, in order, whose weights or outputs for this batch are not finite; the last layer if none is. */
  firstBrokenLayer(name: 'float' | 'qat', batch: Batch): string {
    const { variables, pass } = this.twins[name];
    const finite = (tensor: tf.Tensor) => tf.tidy(() => tf.all(tf.isFinite(tensor)).dataSync()[0] === 1);
    let broken: string | undefined;
    tf.tidy(() => {
      this.network.forward(variables, batch.x, {
        ...pass,
        observe: false,
        visit: (layer, output) => {
          const weights = variables.get(layer)?.weights;
          if (!broken && !(finite(output) && (!weights || finite(weights)))) broken = layer;
        },
      });
    });
    return broken ?? [...variables.keys()].at(-1)!;
  }

  /** Counts a step as done. */
  advance(): void {
    this.step++;
  }

  /** Makes an edit; it is in force from the next step on. */
  async edit(edit: Edit): Promise<void> {
    this.settings = applyEdit(this.settings, edit);
    if (edit.kind === 'learningRate') {
      for (const { optimizer } of Object.values(this.twins)) await optimizer.setLearningRate(edit.value);
      return;
    }
    const plan = this.plan();
    writeSettings(this.qatSites, plan);
    writeSettings(this.ptqSites, plan);
  }

  /** Finds PTQ's ranges: the float twin's own, on the first training examples. */
  calibrate(): void {
    for (const { observer } of this.ptqSites.activations.values())
      tf.tidy(() => observer.assign(tf.tensor1d(freshObserver())));
    this.observeFloat(this.ptqSites);
  }

  /** Shows the first training examples to the observers of some sites, on their way through the float twin. */
  private observeFloat(sites: Sites): void {
    const count = Math.min(calibrationSamples, this.dataset.train.count);
    const batch = rowsOf(this.dataset.train, this.dataset.inputShape, range(0, count));
    tf.tidy(() => {
      this.network.forward(this.twins.float.variables, batch.x, { quantize: false, observe: true, sites });
    });
    tf.dispose([batch.x, batch.y]);
  }

  /** How each network is evaluated: nothing is observed. PTQ needs `calibrate` first. */
  private evaluation(name: NetworkName): { variables: NetworkVariables; pass: Pass } {
    const { float, qat } = this.twins;
    const variables = name === 'qat' ? qat.variables : float.variables;
    const sites = { float: undefined, ptq: this.ptqSites, qat: this.qatSites }[name];
    return {
      variables,
      pass: { quantize: sites !== undefined, observe: false, ...(sites ? { sites } : {}) },
    };
  }

  /** Logits [batch, classes] of a network for inputs [batch, ...inputShape]. */
  logits(name: NetworkName, x: tf.Tensor, tap?: Pass['tap']): tf.Tensor2D {
    const { variables, pass } = this.evaluation(name);
    return this.network.forward(variables, x, tap ? { ...pass, tap } : pass);
  }

  /** All tensors of the run's state by name: parameters, optimizer state and observers. */
  private state(): Map<string, tf.Variable> {
    const state = new Map<string, tf.Variable>();
    for (const [twin, { variables, optimizer }] of Object.entries(this.twins)) {
      for (const [name, variable] of flatten(variables)) state.set(`${twin}/${name}`, variable);
      state.set(`${twin}/optimizer`, optimizer.hyper);
      for (const [name, slots] of optimizer.slots)
        slots.forEach((slot, index) => {
          state.set(`${twin}/optimizer/${name}/${index}`, slot);
        });
    }
    for (const [name, { observer }] of this.qatSites.activations) state.set(`qat/observer/${name}`, observer);
    return state;
  }

  async checkpoint(): Promise<Checkpoint> {
    const { step } = this;
    const state = [...this.state()];
    const arrays = await Promise.all(state.map(([, variable]) => variable.data()));
    return {
      step,
      tensors: Object.fromEntries(state.map(([name], i) => [name, Float32Array.from(arrays[i]!)])),
    };
  }

  /**
   * Goes on from a checkpoint of the same experiment, with its changes up to that step in force.
   * @throws if the checkpoint is not one of this network
   */
  async restore(experiment: Experiment, checkpoint: Checkpoint): Promise<void> {
    const state = this.state();
    for (const [name, variable] of state)
      if (checkpoint.tensors[name]?.length !== variable.size)
        throw new Error('The saved weights belong to another network; training starts over.');
    for (const [name, variable] of state)
      tf.tidy(() => variable.assign(tf.tensor(checkpoint.tensors[name]!, variable.shape)));
    this.step = checkpoint.step;
    this.settings = settingsAt(experiment, checkpoint.step);
    writeSettings(this.qatSites, this.plan());
    writeSettings(this.ptqSites, this.plan());
  }

  dispose(): void {
    for (const { variables, optimizer } of Object.values(this.twins)) {
      disposeVariables(variables);
      optimizer.dispose();
    }
    disposeSites(this.qatSites);
    disposeSites(this.ptqSites);
    this.network.dispose();
  }
}
