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
import { foldedWeights } from '@/quant/fold';
import { type Batch, BatchOrder, range, rowsOf } from './batches';
import type { Checkpoint, NetworkName } from './protocol';
import { type Accept, type EagerStep, RecordedStep, type StepMode } from './recorded';
import { ResidentData } from './residentData';

/** Training examples that PTQ is calibrated on. */
export const calibrationSamples = 512;
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

const clock = () => tf.tidy(() => tf.variable(tf.zeros([1]), false));

/** The variables that gradients train. */
const trainedOf = (variables: NetworkVariables): NetworkVariables =>
  new Map([...variables].filter(([, variable]) => variable.trainable));

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
  private readonly ptqSites: Sites;
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
    this.ptqSites = createSites(plan, experiment.seed);
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
    this.initialise('qat', allSites(plan), true);
    this.initialise('ptq', allSites(plan), true);
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

  /** The batch of a step; the caller disposes it. On WebGPU the next batch may be written in its place. */
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
        const seen: Pass = { ...pass, ...tap, ...norm };
        return tf.variableGrads(() => this.loss(this.network.forward(variables, batch.x, seen), batch), list);
      },
      update: (grads) => {
        optimizer.step(oscillations?.damp(grads, variables, this.clocks[name]) ?? grads);
        learned?.step(grads);
        oscillations?.track(variables);
        advanceClock(this.clocks[name]);
      },
      end: () => oscillations?.release(),
    };
  }

  /** Mean cross-entropy of logits [..., classes] against a batch's labels, those of a sequence position by position. */
  private loss(logits: tf.Tensor, { y }: Batch): tf.Scalar {
    const classes = logits.shape.at(-1)!;
    return softmaxCrossEntropy(tf.reshape(logits, [-1, classes]), y);
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
    for (const recorded of Object.values(this.recorded))
      if (edit.kind === 'bits') recorded.distrust();
      else recorded.forget();
    const plan = this.plan();
    const anew = sitesToInitialise(edit, plan);
    this.arrange(anew);
    this.initialise('qat', anew, false);
    this.initialise('ptq', anew, false);
  }

  /** Makes both networks' sites those of the present settings. @param anew sites whose learning starts over */
  private arrange(anew?: SitePlaces): void {
    const plan = this.plan();
    this.network.plan = plan;
    for (const sites of [this.qatSites, this.ptqSites]) arrangeSites(sites, plan, this.settings.seed);
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

  /** Finds PTQ's ranges: the float twin's own, on the first training examples. */
  calibrate(): void {
    this.initialise('ptq', allSites(this.network.plan), false);
  }

  /**
   * Makes what some sites have observed or learned anew: from their weights, and from the first training examples on their
   * way through the network, unrounded, so that the result depends on the weights alone.
   * @param fresh nothing was trained yet
   */
  private initialise(name: 'qat' | 'ptq', names: SitePlaces, fresh: boolean): void {
    const { variables } = this.twins[name === 'qat' ? 'qat' : 'float'];
    const sites = name === 'qat' ? this.qatSites : this.ptqSites;
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
  private evaluation(name: NetworkName): { variables: NetworkVariables; pass: Pass } {
    const { float, qat } = this.twins;
    const variables = name === 'qat' ? qat.variables : float.variables;
    const sites = { float: undefined, ptq: this.ptqSites, qat: this.qatSites }[name];
    return {
      variables,
      pass: {
        quantize: sites !== undefined,
        observe: false,
        training: false,
        ...(sites ? { sites, integers: true } : {}),
      },
    };
  }

  /**
   * Logits [batch, classes], or [batch, positions, classes], of a network for inputs [batch, ...inputShape], in evaluation
   * mode: quantized layers round as the deployed integers do.
   * @param integers false for the arithmetic of the training forward pass
   */
  logits(name: NetworkName, x: tf.Tensor, tap?: Pass['tap'], integers = true): tf.Tensor {
    const { variables, pass } = this.evaluation(name);
    return this.network.forward(variables, x, {
      ...pass,
      ...(tap ? { tap } : {}),
      ...(integers ? {} : { integers }),
    });
  }

  /** What the exports read of a quantized network. PTQ needs `calibrate` first. */
  readable(name: 'ptq' | 'qat'): Readable {
    const { variables } = this.evaluation(name);
    const forward: Readable['forward'] = (x, tap) => this.logits(name, x, tap);
    return { plan: this.network.plan, variables, forward };
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
    disposeSites(this.ptqSites);
    this.network.dispose();
  }
}
