/** What is measured of a run when it is asked for: results as the worker sends them. */
import type { Bits } from '@/catalog/bits';
import type { CorruptionName } from '@/catalog/corruptions';
import type { NetworkName } from '../networkNames';

/**
 * The width at which measured and estimated ranks are compared: so coarse that what each layer does stands out of the noise
 * of the examples, which at 3 bits it does not in a network that quantizes well.
 */
export const comparedBits = 2;

export interface Rise {
  bits: Bits;
  /** By how much the loss rises, in nats, and the accuracy falls, a fraction; noise may make them negative. */
  loss: number;
  accuracy: number;
}
export interface LayerSensitivity {
  name: string;
  /** The layer rounded as it is set now, weights and output. */
  present: Omit<Rise, 'bits'>;
  weights?: Rise[];
  activations?: Rise[];
  /** Mean Hessian trace of the weights, and its standard error over the probes. */
  trace?: number;
  traceError?: number;
  /** What the trace says of the loss at each width tried. */
  estimated?: { bits: Bits; loss: number }[];
}
export interface Sensitivity {
  step: number;
  /** Which examples it was measured on: without a validation part, training examples. */
  part: 'validation' | 'train';
  examples: number;
  /** Of the float twin. */
  loss: number;
  accuracy: number;
  layers: LayerSensitivity[];
  /** Rank correlation over the layers of measured and estimated rises at `comparedBits`, where there are enough. */
  spearman?: number;
}

export interface Robustness {
  step: number;
  examples: number;
  corruptions: {
    name: CorruptionName;
    points: ({ level: number } & Record<NetworkName, number>)[];
  }[];
}

/** What is measured when it is asked for. */
export type Measurement =
  | { what: 'sensitivity'; sensitivity: Sensitivity }
  | { what: 'robustness'; robustness: Robustness };

/** Told how far a measurement is; false stops it. */
export type Going = (done: number, of: number) => Promise<boolean>;
