/** The observer in WebAssembly (../assembly/observe.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

export const observeMinMaxWasm: Implementation<'x' | 'state'> = ({ inputs: { x, state } }) => {
  launch('observeMinMax', address(x), address(state), util.sizeFromShape(x.shape));
  return [];
};

export const activationParamsWasm: Implementation<'state' | 'settings'> = ({
  inputs: { state, settings },
}) => {
  const params = output([4, 1]);
  launch('activationParams', address(state), address(settings), address(params));
  return params;
};
