/** Dropout in WebAssembly (../assembly/dropout.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

export const dropoutWasm: Implementation<'x' | 'rate' | 'seed' | 'clock'> = ({
  inputs: { x, rate, seed, clock },
}) => {
  const y = output(x.shape);
  launch('dropout', ...[x, rate, seed, clock, y].map(address), util.sizeFromShape(x.shape));
  return y;
};
