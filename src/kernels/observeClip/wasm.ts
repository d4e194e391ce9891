/** The clipping observers in WebAssembly (../assembly/observeClip.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, scratch } from '../wasm';
import { bins } from '../weightParams/methods/constants';

export const observePercentileWasm: Implementation<'x' | 'state'> = ({ inputs: { x, state } }) => {
  launch('observePercentile', address(x), address(state), scratch(4 * bins), util.sizeFromShape(x.shape));
  return [];
};

export const observeMseWasm: Implementation<'x' | 'state' | 'settings'> = ({
  inputs: { x, state, settings },
}) => {
  launch('observeMse', address(x), address(state), address(settings), util.sizeFromShape(x.shape));
  return [];
};
