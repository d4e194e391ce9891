/** What a quantizer kind is: an entry of ./weights.ts or ./activations.ts, and the state that it has at a site. */
import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { ActivationSite, WeightSite } from '@/catalog/quantizers';
import type { GroupMethod } from '@/kernels/groupParams';
import type { Grid } from './settings';

/** A site of weights as the forward pass finds it: its settings and what its quantizer has learned. */
export interface WeightState {
  /** float32[10], see ./settings.ts */
  settings: Variable;
  /** Present where the quantizer learns: steps [1, C], or width and clip [2]. */
  learned?: Variable;
}

export interface WeightQuantizer {
  grid(site: WeightSite): Grid;
  rule: number;
  /** [4, C] params of weights, output channel last. */
  params(weights: Tensor, settings: Tensor1D, learned?: Tensor): Tensor2D;
  /** How it finds a scale for each group of weights, where it can. */
  groups?: GroupMethod;
  /** Rounds in its own way; without it by the settings. @param clock of stochastic rounding, negative to round to nearest */
  quantize?(
    weights: Tensor,
    params: Tensor2D,
    site: WeightSite,
    settings: Tensor1D,
    clock: Tensor,
    learned?: Tensor,
  ): Tensor;
  learned?: {
    /** Of weights of this shape. */
    shape(weights: readonly number[]): number[];
    /** Of each learned value the least it may be; the last counts for all that follow. */
    least: readonly number[];
    /** The values that suit these weights. */
    initial(weights: Tensor, site: WeightSite): Tensor;
    /** Times the optimizer's learning rate. */
    rate: number;
  };
}

/** A site of activations as the forward pass finds it: settings, observer, and what its quantizer has learned. */
export interface ActivationState {
  /** float32[9], see ./settings.ts */
  settings: Variable;
  /** float32[4]: what the quantizer has observed */
  observer: Variable;
  /** Present where the quantizer learns. */
  learned?: Variable;
}

export interface ActivationQuantizer {
  grid(site: ActivationSite): Grid;
  rule: number;
  /** float32[4] of an observer that has seen nothing */
  freshObserver(): Float32Array;
  /** Takes a batch into the observer's state, in place. */
  observe?(values: Tensor, observer: Variable, settings: Tensor1D): void;
  /** [4, 1] params of the present state. */
  params(state: ActivationState): Tensor2D;
  /** A scale for each row, found at every pass; `params` are then those of what has its scale multiplied in. */
  dynamic?: true;
  /** Rounds in its own way; without it by the settings. @param clock of stochastic rounding, negative to round to nearest */
  quantize?(
    values: Tensor,
    params: Tensor2D,
    site: ActivationSite,
    settings: Tensor1D,
    clock: Tensor,
  ): Tensor;
  /** What was observed or learned holds for one width only. */
  dependsOnBits: boolean;
  learned?: {
    /** Of each learned value the least it may be. */
    least: readonly number[];
    /** The values that suit these activations. @param fresh nothing was trained yet */
    initial(values: Tensor, site: ActivationSite, fresh: boolean): Tensor1D;
    /** Times the optimizer's learning rate. */
    rate: number;
  };
}
