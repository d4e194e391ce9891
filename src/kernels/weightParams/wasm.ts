/** weightParams in WebAssembly (../assembly/observe.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output } from '../wasm';

export const absmaxWasm: Implementation<'w' | 'settings'> = ({ inputs }) => {
  const { w, settings } = inputs;
  const channels = lastAxis(w.shape);
  const params = output([4, channels]);
  const rows = util.sizeFromShape(w.shape) / channels;
  launch('weightParamsAbsmax', address(w), address(settings), address(params), rows, channels);
  return params;
};
