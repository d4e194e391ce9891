/** The epilogue in WebAssembly (../assembly/epilogue.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output, scratch } from '../wasm';
import { type ActivationName, activationNamed } from './activations';

/** Rows of floats, one per channel, that the kernels keep in scratch memory. */
const scratchRows = 3;

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
  (activation: ActivationName): Implementation<'dy' | 'saved' | 'inputParams' | 'weightParams' | 'bias'> =>
  ({ inputs: { dy, saved, inputParams, weightParams, bias } }) => {
    const channels = lastAxis(saved.shape);
    const dacc = output(saved.shape);
    const dbias = output([channels]);
    launch(
      activationNamed(activation).wasm.gradient,
      address(dy),
      address(saved),
      address(inputParams),
      address(weightParams),
      address(bias),
      address(dacc),
      address(dbias),
      scratch(4 * scratchRows * channels),
      util.sizeFromShape(saved.shape) / channels,
      channels,
    );
    return [dacc, dbias];
  };
