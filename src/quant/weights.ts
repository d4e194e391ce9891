/** Weight quantizer kinds: how each finds its scales. One entry a kind, checked against the catalog. */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { WeightQuantizerKind } from '@/catalog/quantizers';
import { weightParams } from '@/kernels/weightParams';

/** Scales of a weight tensor: [4, C] params (kernels/weightParams). */
export type WeightQuantizer = (weights: Tensor, settings: Tensor1D) => Tensor2D;

export const weightQuantizers = {
  absmax: (weights, settings) => weightParams(weights, settings, 'absmax'),
} satisfies Record<WeightQuantizerKind, WeightQuantizer>;
