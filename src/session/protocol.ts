/**
 * The messages between page and worker: two discriminated unions. Every event of a run carries the run's number, so that
 * the page drops what comes from a run it has left. Metrics go out at most ten times a second.
 */
import type { BackendChoice, BackendName, BackendStatus } from '@/catalog/backends';
import type { FloatFormatName } from '@/catalog/formats';
import type { Estimator, SiteName } from '@/catalog/quantizers';
import type { Dataset, Split } from '@/data/dataset';
import type { Change, Edit, Experiment } from '@/experiment/schema';
import type { DeployCommand, DeployEvent } from './deployProtocol';
import type { LoadingCommand, LoadingEvent } from './loadingProtocol';
import type { Measurement } from './measuring/measurement';
import type { NetworkName } from './networkNames';

export interface Score {
  /** Fraction of the test examples classified rightly. */
  accuracy: number;
  /** Mean cross-entropy in nats. */
  loss: number;
}

/** One evaluation on the test set. */
export interface CurvePoint {
  step: number;
  float: Score;
  qat: Score;
  /** Null until the first step, when there is nothing trained to round yet, and at the first look after it. */
  ptq: Score | null;
}

/** Everything needed to go on from a step, as typed arrays that IndexedDB stores as they are. */
export interface Checkpoint {
  step: number;
  /** Named float32 arrays: parameters, optimizer state and observers of both networks. */
  tensors: Record<string, Float32Array>;
}

/** Counts of values in equal bins between min and max. */
export interface Histogram {
  min: number;
  max: number;
  counts: number[];
}

/** What a quantizer finds, observes or learns, by name; over several scales the mean. */
export const parameterNames = [
  'bits',
  'step',
  'offset',
  'clip',
  'threshold',
  'level',
  'largest',
  'low',
  'high',
] as const;
export type ParameterName = (typeof parameterNames)[number];
export type Parameters = Partial<Record<ParameterName, number>>;

/** What a site's quantizer worked with, in order of steps. */
export type SiteHistory = readonly { step: number; parameters: Parameters }[];

/** How the weights of a site oscillate between levels. */
export interface Oscillation {
  /** Share of the weights that do. */
  share: number;
  /** Share of the weights that are frozen. */
  frozen: number;
  /** Share of the weights that changed between a level and the one above since the last look; an entry for each level but the last. */
  flips: number[];
}

/** How one site rounds, in short. */
export interface SiteSummary {
  sqnrDb: number;
  clippedShare: number;
  /** Empty at 32 bits. */
  parameters: Parameters;
  /** Share of the values on the level that most of them round to; 0 without a grid. */
  fullestShare: number;
  /**
   * The largest magnitude that shares a scale over the 99.9th percentile (of fewer than 1,000 weights the next one): the
   * median over the scales. 1 where fewer than 16 share one, and for activations.
   */
  outlier: number;
  /** Absent where the weights are not watched. */
  oscillation?: Omit<Oscillation, 'flips'>;
}

/** One strip of the desk. */
export interface LayerSummary {
  name: string;
  /** Weight sites with their histograms. */
  sites: Partial<Record<SiteName, SiteSummary & { histogram?: Histogram }>>;
}

/** One site of the selected layer. */
export interface SiteDetail {
  histogram: Histogram;
  bits: number;
  /** The grid of one channel (the widest) where there are several. */
  scale: number;
  /** What takes a value to the grid: 1 / scale, unless thresholds and levels are apart (TWN). */
  inverse: number;
  zeroPoint: number;
  qmin: number;
  qmax: number;
  /** A float format, whose magnitudes the levels then number: qmin to qmax stand for minus the largest to the largest. */
  format?: FloatFormatName;
  /** Distance of neighbouring levels as integers; 2 for DoReFa, whose values stand here as they are after tanh. */
  spacing: 1 | 2;
  /** Where the gradient passes: where a value is not clamped, strictly inside, inside with the ends, or everywhere. */
  passes: 'unclamped' | 'inside' | 'closed' | 'everywhere';
  estimator: Estimator;
  parameters: Parameters;
  /** How many scales there are. */
  scales: number;
  /** Share of values on each level from qmin to qmax; empty above 6 bits and at 32. */
  levelShares: number[];
  /** Signal-to-quantization-noise ratio; Infinity where nothing is rounded. */
  sqnrDb: number;
  clippedShare: number;
  /** Of it, the share below the grid; the rest is above. */
  clippedBelow: number;
  meanAbs: number;
  /** Absent where the weights are not watched. */
  oscillation?: Oscillation;
}
export interface LayerDetail {
  name: string;
  sites: Partial<Record<SiteName, SiteDetail>>;
}

/** Decision fields of 2-D data over [-extent, extent]^2, rows from the top. */
export interface Fields {
  size: number;
  extent: number;
  /** Probability of class 1, 0-255; absent until the network can be evaluated. */
  pixels: Partial<Record<NetworkName, Uint8Array>>;
}

/** Predictions on the test set. Confusion is row-major, true class x predicted class. */
export interface Predictions {
  classes: Record<NetworkName, Uint8Array>;
  confusion: Record<NetworkName, number[]>;
}

/** One example that a person gives, to see what the networks make of it. */
export type Attempt =
  /** [height x width x channels], 0 to 1. */
  | { kind: 'image'; pixels: Float32Array }
  /** A prompt's ids, and the ids that fill a line and end an answer. */
  | { kind: 'text'; ids: number[]; padding: number; end: number };

export type Answer =
  /** Of each class. */
  | { kind: 'image'; probabilities: number[] }
  /** What was written after the prompt, its end mark included, and the probability that each symbol was given. */
  | { kind: 'text'; ids: number[]; confidence: number[] };
/** PTQ's is absent until the first step. */
export type Answers = Partial<Record<NetworkName, Answer>>;

/** What the networks make of an attempt. */
export interface Tried {
  /** Number of the attempt. */
  attempt: number;
  answers: Answers;
}

export interface Snapshot {
  step: number;
  /** Batches in an epoch. */
  stepsPerEpoch: number;
  running: boolean;
  stepsPerSecond: number;
  /** Medians of the last steps, in ms. */
  stepMs: { float: number; qat: number };
  /** Why steps are not recorded and replayed but taken one operation at a time, a sentence; absent where nothing hinders it. */
  eager?: string;
  /** New evaluations since the last snapshot. */
  points: CurvePoint[];
  layers?: LayerSummary[];
  detail?: LayerDetail;
  fields?: Fields;
  predictions?: Predictions;
  tried?: Tried;
}

export type Command =
  /** Starts a run at step 0 or from a checkpoint, paused. `dataset` is given for own data only. */
  | {
      type: 'load';
      run: number;
      experiment: Experiment;
      backend: BackendChoice;
      dataset?: Dataset;
      checkpoint?: Checkpoint;
      /** Layer whose detail is sent along. */
      selected?: string;
      /** Nobody looks: while it trains only evaluations are sent, no pictures, and no checkpoints at all. */
      quiet?: boolean;
    }
  | { type: 'train'; run: number }
  | { type: 'pause'; run: number }
  | { type: 'step'; run: number }
  /** Takes effect between two steps; answered by `changed`. */
  | { type: 'edit'; run: number; edits: Edit[] }
  | { type: 'stop'; run: number; stop: Experiment['stop'] }
  | { type: 'select'; run: number; layer: string }
  /** Answered by snapshots with `tried`, now and while it trains; null ends it. */
  | { type: 'try'; run: number; number: number; attempt: Attempt | null }
  | DeployCommand
  /** Another plan and other recorded changes, whose past is that of the old ones. */
  | { type: 'plan'; run: number; plan: Experiment['plan']; changes: Change[] }
  /** Pauses and measures; answered by `measuring` and `measured`. */
  | { type: 'measure'; run: number; what: Measurement['what'] }
  | LoadingCommand;

/** What went wrong, in one sentence for the person: what, where, what to do. */
export interface Failure {
  kind: 'file' | 'backend' | 'experiment' | 'internal';
  message: string;
}

export type SessionEvent =
  | {
      type: 'ready';
      run: number;
      step: number;
      backend: BackendStatus;
      /** The test and training examples, for the page to draw (points, or the first images). */
      preview: Preview;
    }
  | { type: 'snapshot'; run: number; snapshot: Snapshot }
  | { type: 'changed'; run: number; changes: (Change | Edit)[]; step: number }
  | { type: 'paused'; run: number; step: number; reason: 'asked' | 'steps' | 'accuracy' }
  | { type: 'checkpoint'; run: number; checkpoint: Checkpoint }
  /** Loss or a weight is NaN or infinite; training is paused. `rewindTo` is the step of the last good checkpoint. */
  | { type: 'diverged'; run: number; step: number; layer: string; network: 'float' | 'qat'; rewindTo: number }
  /** The backend was lost; the run goes on from its last checkpoint on another. */
  | { type: 'moved'; run: number; step: number; from: BackendName; to: BackendName; reason: string }
  | DeployEvent
  /** How far a measurement is. */
  | { type: 'measuring'; run: number; what: Measurement['what']; done: number; of: number }
  | { type: 'measured'; run: number; result: Measurement }
  | LoadingEvent
  | { type: 'failed'; run?: number; request?: number; failure: Failure };

/** What the page draws of the data. */
export interface Preview {
  /** Of the test set: 2-D points (x, y pairs), or images as bytes, the first `count` of them. */
  test: Split;
  train: Split;
  shape: readonly number[];
  classNames: string[];
  /** How many labels of each class the whole of each part has. */
  balance: Record<'train' | 'validation' | 'test', number[]>;
}
