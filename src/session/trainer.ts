/**
 * One run: the float twin and the QAT network trained side by side on the same batches from the same initial weights,
 * and PTQ, the float twin rounded to the same bits. Knows steps and tensors, not time, messages or pages.
 */
import * as tf from '@tensorflow/tfjs-core';
import { hasBatchNorm } from '@/catalog/layers';
import { activationBits, type SiteName, weightBits } from '@/catalog/quantizers';
import type { Dataset } from '@/data/dataset';
import type { Readable } from '@/deploy/snapshot';
import { applyEdit, settingsAt } from '@/experiment/changes';
import { resolveNetwork, roundsInput } from '@/experiment/network';
import { calibrationSamples } from '@/experiment/ptq';
import type { Edit, Experiment } from '@/experiment/schema';
import { advanceClock } from '@/kernels/quantizeByRule';
import { softmaxCrossEntropy } from '@/kernels/softmaxCrossEntropy';
import { initialValues } from '@/model/initialize';
import { LearnedParameters } from '@/model/learned';
import {
  createVariables,
  disposeVariables,
  Network,
  type NetworkVariables,
  normAt,
  type Pass,
} from '@/model/network';
import { Optimizer } from '@/model/optimizer';
import { Oscillations } from '@/model/oscillation';
import {
  activationPlaces,
  allSites,
  arrangeSites,
  createSites,
  disposeSites,
  initialiseWeights,
  type NetworkPlan,
  placeKey,
  type SitePlaces,
  type Sites,
  sitesToInitialise,
  weightPlaces,
} from '@/model/sites';
import { activationQuantizers } from '@/quant/activations';
import { foldedWeights } from '@/quant/fold';
import { weightQuantizers } from '@/quant/weights';
import { type Batch, BatchOrder, range, rowsOf } from './batches';
import { distilled } from './distill';
import type { Checkpoint, NetworkName } from './protocol';
import { copied, PostTraining } from './ptq';
import { type Accept, type EagerStep, RecordedStep, type StepMode } from './recorded';
import { ResidentData } from './residentData';
import type { Probed } from './sensitivity';

/** Training batches that batch norm's running statistics are made anew from. */
export const estimationBatches = 50;
/** Share of a new batch in the running statistics, as PyTorch has it. */
const normMomentum = 0.1;

/** One of the two networks that are trained. */
interface Trained {
  variables: NetworkVariables;
  optimizer: Optimizer;
  pass: Pass;
  /** What its quantizers learn. */
  learned?: LearnedParameters;
  /** How its rounded weights oscillate, and what is done about it. */
  oscillations?: Oscillations;
}

/** Activation quantizers whose state is a range that was observed. */
const observedRules: ReadonlySet<string> = new Set(['ema', 'percentile', 'mse']);

const clock = () => tf.tidy(() => tf.variable(tf.zeros([1]), false));

/** The variables that gradients train. */
const trainedOf = (variables: NetworkVariables): NetworkVariables =>
  new Map([...variables].filter(([, variable]) => variable.trainable));

/** At these widths more than the grid is another: weights are not watched, or what is learned begins elsewhere. */
const specialBits: ReadonlySet<number> = new Set([1, 32]);

/**
 * Whether an edit of bits leaves a site's launches as they are, because the kernels read the grid from a tensor. Quantizers
 * that round in their own way may launch others.
 * @param plan before the edit
 */
function keepsLaunches(plan: NetworkPlan, { layer, site, bits }: Extract<Edit, { kind: 'bits' }>): boolean {
  const key = placeKey(layer, site);
  const weights = weightPlaces(plan).find((place) => place.key === key)?.site;
  const activations = activationPlaces(plan).find((place) => place.key === key)?.site;
  const before = weights ? weightBits(weights) : activations ? activationBits(activations) : 32;
  if (specialBits.has(bits) || specialBits.has(before)) return false;
  return weights
    ? weightQuantizers[weights.quantizer].quantize === undefined
    : activationQuantizers[activations!.quantizer].quantize === undefined;
}

/** What is rounded at a place of weights: the variable, or what batch norm is folded into. */
function roundedAt(variables: NetworkVariables, key: string): tf.Tensor {
  const weights = variables.get(key)!;
  const norm = normAt(variables, key);
  return norm ? foldedWeights(weights as tf.Tensor, norm.gamma, norm.running) : weights;
}

export class Trainer {
  /** Steps done. */
  step = 0;
  readonly order: BatchOrder;
  private readonly network: Network;
  private readonly twins: { float: Trained; qat: Trained };
  private readonly recorded: { float: RecordedStep; qat: RecordedStep };
  private readonly qatSites: Sites;
  private readonly ptq: PostTraining;
  /** [1]: steps that each network has taken, for stochastic rounding and dropout. */
  private readonly clocks = { float: clock(), qat: clock() };
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
    const initial = initialValues(plan.layers, experiment.seed);
    this.qatSites = createSites(plan, experiment.seed);
    this.ptq = new PostTraining(this.settings, dataset, this.network);
    const twin = (pass: Pass): Trained => {
      const variables = createVariables(plan, initial);
      return { variables, optimizer: new Optimizer(experiment.optimizer, trainedOf(variables)), pass };
    };
    const oscillations = new Oscillations();
    oscillations.arrange(plan, 0);
    this.twins = {
      float: twin({ quantize: false, observe: false, training: true, clock: this.clocks.float }),
      qat: {
        ...twin({
          quantize: true,
          observe: true,
          training: true,
          sites: this.qatSites,
          clock: this.clocks.qat,
        }),
        learned: new LearnedParameters(this.qatSites, experiment.optimizer, plan),
        oscillations,
      },
    };
    this.recorded = {
      float: new RecordedStep(this.eagerStep('float'), record),
      qat: new RecordedStep(this.eagerStep('qat'), record),
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
  train(name: 'float' | 'qat', batch: Batch, accept: Accept = () => true): tf.Scalar {
    return this.recorded[name].take(batch, accept);
  }

  /** How a network's steps are taken, and why they are not recorded where that was refused. */
  stepMode(name: 'float' | 'qat'): { mode: StepMode; reason?: string } {
    const { mode, reason } = this.recorded[name];
    return reason === undefined ? { mode } : { mode, reason };
  }

  /** Why a network's steps are not recorded, a sentence, if that was refused. */
  get whyEager(): string | undefined {
    return this.recorded.qat.reason ?? this.recorded.float.reason;
  }

  /** Settles when a check that the network's last step began is done; undefined where there is none to wait for. */
  verdict(name: 'float' | 'qat'): Promise<void> | undefined {
    return this.recorded[name].verdict;
  }

  private eagerStep(name: 'float' | 'qat'): EagerStep {
    const { variables, optimizer, pass, learned, oscillations } = this.twins[name];
    const tap = oscillations ? { tap: oscillations.tap } : {};
    return {
      differentiate: (batch) => {
        const list = [...trainedOf(variables).values(), ...(learned?.variables ?? [])];
        const norm = this.settings.batchNorm === 'batch' ? { norm: this.momentum } : {};
        const seen: Pass = { ...pass, ...tap, ...norm, ...(name === 'qat' ? this.holding() : {}) };
        const teacher = name === 'qat' ? this.teach(batch) : undefined;
        return tf.variableGrads(
          () => this.loss(this.network.forward(variables, batch.x, seen), batch, teacher),
          list,
        );
      },
      update: (grads) => {
        const { held = [] } = name === 'qat' ? this.settings : {};
        const stays = (key: string) => held.includes(key.slice(0, key.indexOf('/')));
        optimizer.step(oscillations?.damp(grads, variables, this.clocks[name]) ?? grads, stays);
        learned?.step(grads, stays);
        oscillations?.track(variables);
        advanceClock(this.clocks[name]);
      },
      end: () => oscillations?.release(),
    };
  }

  /** What the QAT network's layers take no part in: observing, or training at all. */
  private holding(): Partial<Pass> {
    const { held, observers } = this.settings;
    return {
      ...(observers === 'frozen' ? { observe: false } : {}),
      ...(held ? { held: new Set(held) } : {}),
    };
  }

  /** The float twin's logits for a batch, where the QAT network learns from them. */
  private teach({ x }: Batch): tf.Tensor | undefined {
    if (!this.settings.distillation) return undefined;
    const { variables, pass } = this.evaluation('float');
    return this.network.forward(variables, x, pass);
  }

  /**
   * Mean cross-entropy of logits [..., classes] against a batch's labels, those of a sequence position by position.
   * @param teacher logits that they are drawn to
   */
  private loss(logits: tf.Tensor, { y }: Batch, teacher?: tf.Tensor): tf.Scalar {
    const classes = logits.shape.at(-1)!;
    const rows = tf.reshape(logits, [-1, classes]) as tf.Tensor2D;
    const { distillation } = this.settings;
    const loss = softmaxCrossEntropy(rows, y);
    return distillation && teacher
      ? distilled(loss, rows, tf.reshape(teacher, [-1, classes]) as tf.Tensor2D, y, distillation)
      : loss;
  }

  /** The first layer, in order, whose weights or outputs for this batch are not finite; the last layer if none is. */
  async firstBrokenLayer(name: 'float' | 'qat', batch: Batch): Promise<string> {
    const { variables, pass } = this.twins[name];
    const seen: string[] = [];
    const finite = tf.tidy(() => {
      const found: tf.Tensor[] = [];
      this.network.forward(variables, batch.x, {
        ...pass,
        observe: false,
        training: false,
        visit: (layer, output) => {
          const own = [...variables].filter(([key]) => key.startsWith(`${layer}/`));
          for (const tensor of [output, ...own.map(([, variable]) => variable)])
            found.push(tf.all(tf.isFinite(tensor)));
          seen.push(...new Array<string>(own.length + 1).fill(layer));
        },
      });
      return tf.stack(found);
    });
    const flags = await finite.data();
    finite.dispose();
    return seen[flags.indexOf(0)] ?? this.network.plan.layers.at(-1)!.name;
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
    for (const [key, variable] of qat.variables)
      tf.tidy(() => variable.assign(copied(this.ptq.variables.get(key)!)));
    qat.optimizer.adopt(float.optimizer);
    this.initialise(allSites(this.network.plan), false);
    const { plan } = this.network;
    for (const { key, site } of activationPlaces(plan)) {
      const found = activationPlaces(this.ptq.plan).find((place) => place.key === key);
      // Ranges that are observed in the same way; what is learned starts from the weights and outputs.
      if (!observedRules.has(site.quantizer) || !found || !observedRules.has(found.site.quantizer)) continue;
      tf.tidy(() => this.qatSites.activations.get(key)!.observer.assign(copied(this.ptq.observer(key)!)));
    }
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
    for (const { variables, pass } of Object.values(this.twins))
      tf.tidy(() => {
        const norm = tf.tensor1d([momentum]);
        const { clock: _none, ...rest } = pass;
        this.network.forward(variables, batch.x, { ...rest, observe: false, training: false, norm, ...more });
      });
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
    initialiseWeights(sites, this.network.plan, names.weights, (key) => roundedAt(variables, key));
    if (names.activations.size === 0) return;
    const batch = rowsOf(this.dataset.train, this.dataset.inputShape, range(0, this.calibrationCount));
    const initialise = { sites: names.activations, fresh };
    tf.tidy(() => {
      this.network.forward(variables, batch.x, {
        quantize: false,
        observe: false,
        training: false,
        sites,
        initialise,
      });
    });
    tf.dispose([batch.x, batch.y]);
  }

  /** How each network is evaluated: nothing is observed. PTQ needs `calibrate` first. */
  private evaluation(name: 'float' | 'qat'): { variables: NetworkVariables; pass: Pass } {
    const { variables } = this.twins[name];
    const sites = name === 'qat' ? { sites: this.qatSites, integers: true } : {};
    return { variables, pass: { quantize: name === 'qat', observe: false, training: false, ...sites } };
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

  /** All tensors of the run's state by name: parameters, optimizer state, observers, what quantizers have learned, oscillation. */
  private state(): Map<string, tf.Variable> {
    const state = new Map<string, tf.Variable>();
    for (const [twin, { variables, optimizer }] of Object.entries(this.twins)) {
      for (const [name, variable] of variables) state.set(`${twin}/${name}`, variable);
      state.set(`${twin}/optimizer`, optimizer.hyper);
      for (const [name, slots] of optimizer.slots)
        slots.forEach((slot, index) => {
          state.set(`${twin}/optimizer/${name}/${index}`, slot);
        });
    }
    for (const [place, { observer }] of this.qatSites.activations)
      state.set(`qat/observer/${place}`, observer);
    const { learned, oscillations } = this.twins.qat;
    for (const [name, variable] of [...(learned?.state() ?? []), ...(oscillations?.state() ?? [])])
      state.set(`quantizers/${name}`, variable);
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
    const before = this.settings;
    this.settings = settingsAt(experiment, checkpoint.step);
    for (const recorded of Object.values(this.recorded)) recorded.forget();
    this.arrange();
    const state = this.state();
    for (const [name, variable] of state)
      if (checkpoint.tensors[name]?.length !== variable.size) {
        this.settings = before;
        this.arrange();
        throw new Error('The saved weights belong to another network; training starts over.');
      }
    for (const [name, variable] of state)
      tf.tidy(() => variable.assign(tf.tensor(checkpoint.tensors[name]!, variable.shape)));
    for (const each of Object.values(this.clocks)) tf.tidy(() => each.assign(tf.tensor1d([checkpoint.step])));
    this.step = checkpoint.step;
  }

  dispose(): void {
    for (const recorded of Object.values(this.recorded)) recorded.forget();
    for (const { variables, optimizer, learned, oscillations } of Object.values(this.twins)) {
      disposeVariables(variables);
      optimizer.dispose();
      learned?.dispose();
      oscillations?.dispose();
    }
    tf.dispose([this.momentum, ...Object.values(this.clocks)]);
    disposeSites(this.qatSites);
    this.resident?.dispose();
    this.ptq.dispose();
    this.network.dispose();
  }
}
