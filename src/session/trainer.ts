/**
 * One run: the float twin and the QAT network trained side by side on the same batches from the same initial weights,
 * and PTQ, the float twin rounded to the same bits. Knows steps and tensors, not time, messages or pages.
 */
import * as tf from '@tensorflow/tfjs-core';
import { hasBatchNorm } from '@/catalog/layers';
import type { SiteName } from '@/catalog/quantizers';
import type { Dataset } from '@/data/dataset';
import type { Readable } from '@/deploy/snapshot';
import { applyEdit, settingsAt } from '@/experiment/changes';
import { resolveNetwork, roundsInput } from '@/experiment/network';
import { calibrationSamples } from '@/experiment/ptq';
import type { Edit, Experiment } from '@/experiment/schema';
import { Network } from '@/model/network';
import { type Pass, plainPass } from '@/model/pass';
import {
  allSites,
  arrangeSites,
  createSites,
  disposeSites,
  initialiseWeights,
  placeKey,
  type SitePlaces,
  type Sites,
  sitesToInitialise,
} from '@/model/sites';
import { latentAt, type NetworkVariables } from '@/model/variables';
import { takeRanges, takeVariables } from './adopt';
import { type Batch, BatchOrder, range, rowsOf } from './batches';
import { firstBrokenLayer } from './brokenLayer';
import { type Around, eagerStepOf } from './eagerStep';
import { keepsLaunches } from './keepsLaunches';
import type { Probed } from './measuring/prober';
import type { NetworkName } from './networkNames';
import { moveStatistics } from './normStatistics';
import type { Checkpoint } from './protocol';
import { PostTraining } from './ptq/postTraining';
import { type Accept, RecordedStep, type StepMode } from './recorded';
import { ResidentData } from './residentData';
import { assignValues, fits, valuesOf } from './state';
import { createTwins, disposeTwins, stateOf, type TwinName, type Twins } from './twins';

/** Training batches that batch norm's running statistics are made anew from. */
export const estimationBatches = 50;
/** Share of a new batch in the running statistics, as PyTorch has it. */
const normMomentum = 0.1;

export class Trainer {
  /** Steps done. */
  step = 0;
  readonly order: BatchOrder;
  private readonly network: Network;
  private readonly twins: Twins;
  private readonly recorded: Record<TwinName, RecordedStep>;
  private readonly qatSites: Sites;
  private readonly ptq: PostTraining;
  /** [1]: see normMomentum. */
  private readonly momentum = tf.keep(tf.tensor1d([normMomentum]));
  private settings: Experiment;
  private readonly resident: ResidentData | undefined;

  /**
   * Needs a started backend.
   * @param experiment its changes up to the step reached are made by `restore`
   * @param record whether steps may be recorded and replayed (./recorded.ts); the numbers are the same
   */
  constructor(
    experiment: Experiment,
    readonly dataset: Dataset,
    record = true,
  ) {
    this.settings = settingsAt(experiment, 0);
    const plan = this.plan();
    this.network = new Network(plan, experiment.seed);
    this.qatSites = createSites(plan, experiment.seed);
    this.ptq = new PostTraining(this.settings, dataset, this.network);
    this.twins = createTwins(plan, experiment, this.qatSites);
    const settings = () => this.settings;
    const around: Around = {
      ...{ network: this.network, twins: this.twins, momentum: this.momentum },
      get present() {
        return settings();
      },
    };
    this.recorded = {
      float: new RecordedStep(eagerStepOf('float', around), record),
      qat: new RecordedStep(eagerStepOf('qat', around), record),
    };
    this.resident = ResidentData.of(dataset.train, dataset.inputShape);
    this.order = new BatchOrder(experiment.seed, dataset.train.count, experiment.batchSize);
    // Untrained networks are shown too: with the statistics that the first examples have in them, nothing rounded yet.
    if (hasBatchNorm(experiment.layers))
      this.estimateFrom(range(0, this.calibrationCount), 1, { quantize: false });
    // The QAT network starts with the ranges of its untrained self, so that it is quantized sensibly from step 0.
    this.initialise(allSites(plan), true);
  }

  private plan() {
    const { input, dataset } = this.settings;
    return { ...(roundsInput(dataset) ? { input } : {}), layers: resolveNetwork(this.settings) };
  }

  /** The settings in force now. */
  get present(): Experiment {
    return this.settings;
  }

  /** The batch of the step that comes next; the caller disposes it. */
  nextBatch(): Batch {
    return this.batchAt(this.step);
  }

  /** The batch of a step; the caller disposes it. The next batch may be written in its place. */
  batchAt(step: number): Batch {
    if (this.resident) {
      const { order, from } = this.order.place(step);
      return this.resident.gather(order, from, this.order.batchSize);
    }
    return rowsOf(this.dataset.train, this.dataset.inputShape, this.order.rows(step));
  }

  /**
   * Computes the loss of one network on a batch and, if it may, updates the network. Training of both twins on the same
   * batch and `advance` make one step.
   * @param accept sees the loss before the update; false leaves the network as it was
   * @returns the mean cross-entropy before the update, a scalar that the caller disposes before the next step
   */
  train(name: TwinName, batch: Batch, accept: Accept = () => true): tf.Scalar {
    return this.recorded[name].take(batch, accept);
  }

  /** How a network's steps are taken, and why they are not recorded where that was refused. */
  stepMode(name: TwinName): { mode: StepMode; reason?: string } {
    const { mode, reason } = this.recorded[name];
    return reason === undefined ? { mode } : { mode, reason };
  }

  /** Why a network's steps are not recorded, a sentence, if that was refused. */
  get whyEager(): string | undefined {
    return this.recorded.qat.reason ?? this.recorded.float.reason;
  }

  /** Settles when a check that the network's last step began is done; undefined where there is none to wait for. */
  verdict(name: TwinName): Promise<void> | undefined {
    return this.recorded[name].verdict;
  }

  /** See ./brokenLayer.ts. */
  firstBrokenLayer(name: TwinName, batch: Batch): Promise<string> {
    return firstBrokenLayer(this.network, this.twins[name], batch);
  }

  /** Counts steps as done. */
  advance(count = 1): void {
    this.step += count;
  }

  /** Makes an edit; it is in force from the next step on. */
  async edit(edit: Edit): Promise<void> {
    this.settings = applyEdit(this.settings, edit);
    const { float, qat } = this.twins;
    if (edit.kind === 'learningRate') {
      for (const trained of [float.optimizer, qat.optimizer, qat.learned])
        await trained?.setLearningRate(edit.value);
      return;
    }
    if (edit.kind === 'batchNorm') {
      if (edit.value === 'estimate') this.estimateStatistics();
      else for (const recorded of Object.values(this.recorded)) recorded.forget();
      return;
    }
    // Bits are read from tensors, so that a recording goes on; whatever else is chosen may lead through other kernels.
    for (const [name, recorded] of Object.entries(this.recorded)) {
      if (edit.kind !== 'bits') recorded.forget();
      else if (name === 'qat' && !keepsLaunches(this.network.plan, edit)) recorded.distrust();
    }
    const plan = this.plan();
    const anew = sitesToInitialise(edit, plan);
    this.arrange(anew);
    this.initialise(anew, false);
    if (edit.kind === 'adopt') await this.adopt();
  }

  /** Makes the QAT network PTQ's result, and lets the optimizer go on as the float twin's does. */
  private async adopt(): Promise<void> {
    const { float, qat } = this.twins;
    await this.calibrate(true);
    takeVariables(qat.variables, this.ptq.variables);
    qat.optimizer.adopt(float.optimizer);
    this.initialise(allSites(this.network.plan), false);
    takeRanges(this.network.plan, this.qatSites, this.ptq);
  }

  /** Makes both networks' sites those of the present settings. @param anew sites whose learning starts over */
  private arrange(anew?: SitePlaces): void {
    const plan = this.plan();
    this.network.plan = plan;
    arrangeSites(this.qatSites, plan, this.settings.seed);
    this.ptq.arrange(this.settings);
    this.twins.qat.learned?.arrange(this.settings.optimizer, plan, anew);
    this.twins.qat.oscillations?.arrange(plan, this.step, anew?.weights);
  }

  /** Makes batch norm's running statistics of both networks anew: the mean over training batches with the weights of now. */
  private estimateStatistics(): void {
    for (let i = 0; i < estimationBatches; i++) this.estimateFrom(this.order.rows(i), 1 / (i + 1));
  }

  /** Moves the running statistics of both networks by these training examples. @param momentum their share */
  private estimateFrom(rows: ArrayLike<number>, momentum: number, more: Partial<Pass> = {}): void {
    const batch = rowsOf(this.dataset.train, this.dataset.inputShape, rows);
    for (const twin of Object.values(this.twins)) moveStatistics(this.network, twin, batch.x, momentum, more);
    tf.dispose([batch.x, batch.y]);
  }

  private get calibrationCount(): number {
    return Math.min(calibrationSamples, this.dataset.train.count);
  }

  /**
   * Makes PTQ's result anew.
   * @param deep learns roundings too, where they are asked for: at a pause
   * @param atMost so many examples are calibrated on
   */
  async calibrate(deep = false, atMost = Number.POSITIVE_INFINITY): Promise<void> {
    await this.ptq.calibrate(this.twins.float.variables, deep, atMost);
  }

  /** Calibrates if settings have changed since. */
  async freshPtq(): Promise<void> {
    if (this.ptq.stale) await this.calibrate();
  }

  /**
   * Makes what some sites have observed or learned anew: from their weights, and from the first training examples on their
   * way through the network, unrounded, so that the result depends on the weights alone.
   * @param fresh nothing was trained yet
   */
  private initialise(names: SitePlaces, fresh: boolean): void {
    const { variables } = this.twins.qat;
    const sites = this.qatSites;
    initialiseWeights(sites, this.network.plan, names.weights, (key) => latentAt(variables, key));
    if (names.activations.size === 0) return;
    const batch = rowsOf(this.dataset.train, this.dataset.inputShape, range(0, this.calibrationCount));
    const initialise = { sites: names.activations, fresh };
    tf.tidy(() => {
      this.network.forward(variables, batch.x, { ...plainPass, sites, initialise });
    });
    tf.dispose([batch.x, batch.y]);
  }

  /** How each network is evaluated: nothing is observed. PTQ needs `calibrate` first. */
  private evaluation(name: TwinName): { variables: NetworkVariables; pass: Pass } {
    const { variables } = this.twins[name];
    const quantized = { ...plainPass, quantize: true, integers: true, sites: this.qatSites };
    return { variables, pass: name === 'qat' ? quantized : plainPass };
  }

  /**
   * Logits [batch, classes], or [batch, positions, classes], of a network for inputs [batch, ...inputShape], in evaluation
   * mode: quantized layers round as the deployed integers do.
   * @param integers false for the arithmetic of the training forward pass
   */
  logits(name: NetworkName, x: tf.Tensor, tap?: Pass['tap'], integers = true): tf.Tensor {
    if (name === 'ptq') return this.ptq.forward(x, tap, integers);
    const { variables, pass } = this.evaluation(name);
    return this.network.forward(variables, x, {
      ...pass,
      ...(tap ? { tap } : {}),
      ...(integers ? {} : { integers }),
    });
  }

  /** The float twin as it is, for sensitivities to be measured on. */
  get probed(): Probed {
    const { step, settings: experiment, dataset } = this;
    return { step, experiment, dataset, variables: this.twins.float.variables };
  }

  /** What the exports read of a quantized network. PTQ needs `calibrate` first. */
  readable(name: 'ptq' | 'qat'): Readable {
    const { plan, variables } =
      name === 'ptq' ? this.ptq : { plan: this.network.plan, variables: this.twins.qat.variables };
    const forward: Readable['forward'] = (x, tap) => this.logits(name, x, tap);
    return { plan, variables, forward };
  }

  /** How the QAT network's weights at a site oscillate, [6, n] (src/kernels/oscillation/constants.ts), if they are watched. */
  oscillation(layer: string, site: SiteName): tf.Variable | undefined {
    return this.twins.qat.oscillations?.at(placeKey(layer, site));
  }

  async checkpoint(): Promise<Checkpoint> {
    const { step } = this;
    return { step, tensors: await valuesOf(stateOf(this.twins, this.qatSites)) };
  }

  /**
   * Goes on from a checkpoint of the same experiment, with its changes up to that step in force.
   * @throws if the checkpoint is not one of this network
   */
  async restore(experiment: Experiment, checkpoint: Checkpoint): Promise<void> {
    const before = this.settings;
    this.settings = settingsAt(experiment, checkpoint.step);
    for (const recorded of Object.values(this.recorded)) recorded.forget();
    this.arrange();
    const state = stateOf(this.twins, this.qatSites);
    if (!fits(state, checkpoint.tensors)) {
      this.settings = before;
      this.arrange();
      throw new Error('The saved weights belong to another network; training starts over.');
    }
    assignValues(state, checkpoint.tensors);
    for (const { clock } of Object.values(this.twins))
      tf.tidy(() => clock.assign(tf.tensor1d([checkpoint.step])));
    this.step = checkpoint.step;
  }

  dispose(): void {
    for (const recorded of Object.values(this.recorded)) recorded.forget();
    disposeTwins(this.twins);
    this.momentum.dispose();
    disposeSites(this.qatSites);
    this.resident?.dispose();
    this.ptq.dispose();
    this.network.dispose();
  }
}
