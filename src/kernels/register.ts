/**
 * Puts the project's kernels into tfjs's registry, for every backend. Import the backends' packages first: what is
 * imported later registers over ours.
 */
import { registerConv2d } from './conv2d';
import { registerEpilogue } from './epilogue';
import { registerFloatParams } from './floatParams';
import { registerGradients } from './gradients';
import { registerMatmul } from './matmul';
import { registerMaxPool2d } from './maxPool2d';
import { registerObserve } from './observe';
import { registerObserveClip } from './observeClip';
import { registerOptimizer } from './optimizer';
import { registerQuantize } from './quantize';
import { registerQuantizeByRule } from './quantizeByRule';
import { registerQuantizeFloat } from './quantizeFloat';
import { registerQuantizeMx } from './quantizeMx';
import { registerSoftmaxCrossEntropy } from './softmaxCrossEntropy';
import { registerWeightParams } from './weightParams';

let registered = false;

/** Registers every kernel, replacing tfjs's own of the same name. Calling it again does nothing. */
export function registerKernels(): void {
  if (registered) return;
  registered = true;
  registerGradients();
  registerMatmul();
  registerConv2d();
  registerMaxPool2d();
  registerWeightParams();
  registerObserve();
  registerObserveClip();
  registerQuantize();
  registerQuantizeByRule();
  registerFloatParams();
  registerQuantizeFloat();
  registerQuantizeMx();
  registerEpilogue();
  registerSoftmaxCrossEntropy();
  registerOptimizer();
}
