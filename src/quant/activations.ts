/** Activation quantizer kinds: what each observes, and how its scale follows. Checked against the catalog. */
import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { ActivationQuantizerKind } from '@/catalog/quantizers';
import { activationParams, observeMinMax } from '@/kernels/observe';

export interface ActivationQuantizer {
  /** Takes a batch into the observer's state, in place. */
  observe(values: Tensor, observer: Variable): void;
  /** [4, 1] params of the present state. */
  params(observer: Tensor1D, settings: Tensor1D): Tensor2D;
}

export const activationQuantizers = {
  ema: { observe: observeMinMax, params: activationParams },
} satisfies Record<ActivationQuantizerKind, ActivationQuantizer>;
