/** The epilogue in WebAssembly (../assembly/epilogue.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output, scratch } from '../wasm';
import { type ActivationName, activationNamed } from './activations';

/** Rows of floats, one per channel, that the kernels keep in scratch memory. */
const scratchRows = 2;

export const epilogueWasm =
  (activation: ActivationName): Implementation<'acc' | 'inputParams' | 'weightParams' | 'bias'> =>
  ({ inputs: { acc, inputParams, weightParams, bias } }) => {
    const channels = lastAxis(acc.shape);
    const y = output(acc.shape);
    launch(
      activationNamed(activation).wasm.forward,
      address(acc),
      address(inputParams),
      address(weightParams),
      address(bias),
      address(y),
      scratch(4 * scratchRows * channels),
      util.sizeFromShape(acc.shape) / channels,
      channels,
    );
    return y;
  };

export const epilogueGradientWasm =
  (activation: ActivationName): Implementation<'dy' | 'y' | 'inputParams' | 'weightParams'> =>
  ({ inputs: { dy, y, inputParams, weightParams } }) => {
    const channels = lastAxis(y.shape);
    const dacc = output(y.shape);
    const dbias = output([channels]);
    launch(
      activationNamed(activation).wasm.gradient,
      address(dy),
      address(y),
      address(inputParams),
      address(weightParams),
      address(dacc),
      address(dbias),
      scratch(4 * scratchRows * channels),
      util.sizeFromShape(y.shape) / channels,
      channels,
    );
    return [dacc, dbias];
  };
