/** Activation quantizers of the float formats: the range is that of a moving min-max. */
import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { FloatFormatName } from '@/catalog/formats';
import { floatActivationParams } from '@/kernels/floatParams';
import { observeMinMax } from '@/kernels/observe';
import { quantizeFloat } from '@/kernels/quantizeFloat';
import type { ActivationQuantizer } from '../quantizer';
import { freshObserver, rules } from '../settings';
import { floatGrid } from './grid';

export const floatActivations = (format: FloatFormatName): ActivationQuantizer => ({
  grid: () => floatGrid(format),
  rule: rules.clip,
  freshObserver,
  observe: observeMinMax,
  params: ({ observer, settings }) => floatActivationParams(observer, settings as unknown as Tensor1D),
  quantize: (values, params, _site, settings) => quantizeFloat(values, params, settings, format),
  dependsOnBits: false,
});
