/** Weight quantizers of the float formats: the scale that spares the largest weight, or the scales of the blocks. */
import { type BlockFormatName, blockFormats, type FloatFormatName } from '@/catalog/formats';
import { floatWeightParams, unitParams } from '@/kernels/floatParams';
import { quantizeFloat } from '@/kernels/quantizeFloat';
import { quantizeMx } from '@/kernels/quantizeMx';
import type { WeightQuantizer } from '../quantizer';
import { rules } from '../settings';
import { floatGrid } from './grid';

export const floatWeights = (format: FloatFormatName): WeightQuantizer => ({
  grid: () => floatGrid(format),
  rule: rules.clip,
  params: floatWeightParams,
  quantize: (weights, params, _site, settings) => quantizeFloat(weights, params, settings, format),
});

export const blockWeights = (format: BlockFormatName): WeightQuantizer => ({
  grid: () => floatGrid(blockFormats[format].element),
  rule: rules.clip,
  params: unitParams,
  quantize: (weights, _params, _site, settings) => quantizeMx(weights, settings, format),
});
