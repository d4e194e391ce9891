/**
 * Puts the project's kernels into tfjs's registry, for every backend. Import the backends' packages first: what is
 * imported later registers over ours.
 */

import { registerArrange } from './arrange';
import { registerAttentionSoftmax } from './attentionSoftmax';
import { registerAveragePool2d } from './averagePool2d';
import { registerBatchNorm } from './batchNorm';
import { registerConv2d } from './conv2d';
import { registerDepthwiseConv2d } from './depthwiseConv2d';
import { registerDropout } from './dropout';
import { registerElementwise } from './elementwise';
import { registerEmbedding } from './embedding';
import { registerEpilogue } from './epilogue';
import { registerFloatParams } from './floatParams';
import { registerGradients } from './gradients';
import { registerGroupParams } from './groupParams';
import { registerGru } from './gru';
import { registerIdentity } from './identity';
import { registerIntegerLayerNorm } from './integerLayerNorm';
import { registerIntegerSoftmax } from './integerSoftmax';
import { registerLayerNorm } from './layerNorm';
import { registerLearnedBits } from './learnedBits';
import { registerLstm } from './lstm';
import { registerMatmul } from './matmul';
import { registerMaxPool2d } from './maxPool2d';
import { registerObserve } from './observe';
import { registerObserveClip } from './observeClip';
import { registerOptimizer } from './optimizer';
import { registerOscillation } from './oscillation';
import { registerQuantize } from './quantize';
import { registerQuantizeByRule } from './quantizeByRule';
import { registerQuantizeFloat } from './quantizeFloat';
import { registerQuantizeMx } from './quantizeMx';
import { registerQuantizeRows } from './quantizeRows';
import { registerRequantize } from './requantize';
import { registerScaleValues } from './scaleValues';
import { registerSlice } from './slice';
import { registerSoftmaxCrossEntropy } from './softmaxCrossEntropy';
import { registerWeightParams } from './weightParams';

let registered = false;

/** Registers every kernel, replacing tfjs's own of the same name. Calling it again does nothing. */
export function registerKernels(): void {
  if (registered) return;
  registered = true;
  registerGradients();
  registerIdentity();
  registerMatmul();
  registerSlice();
  registerArrange();
  registerElementwise();
  registerScaleValues();
  registerConv2d();
  registerDepthwiseConv2d();
  registerMaxPool2d();
  registerAveragePool2d();
  registerBatchNorm();
  registerDropout();
  registerWeightParams();
  registerGroupParams();
  registerObserve();
  registerObserveClip();
  registerQuantize();
  registerQuantizeByRule();
  registerLearnedBits();
  registerFloatParams();
  registerQuantizeFloat();
  registerQuantizeMx();
  registerQuantizeRows();
  registerEpilogue();
  registerRequantize();
  registerEmbedding();
  registerLayerNorm();
  registerAttentionSoftmax();
  registerGru();
  registerLstm();
  registerIntegerLayerNorm();
  registerIntegerSoftmax();
  registerSoftmaxCrossEntropy();
  registerOptimizer();
  registerOscillation();
}
