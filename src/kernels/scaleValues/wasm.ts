/** scaleValues in WebAssembly (../assembly/elementwise.ts): the scales are the first row of the parameters. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

export const scaleValuesWasm: Implementation<'x' | 'params'> = ({ inputs: { x, params } }) => {
  const y = output(x.shape);
  const channels = params.shape[1]!;
  const rows = util.sizeFromShape(x.shape) / Math.max(channels, 1);
  if (rows > 0)
    launch('multiplyValues', address(x), address(params), address(y), rows, channels, Number(channels === 1));
  return y;
};
