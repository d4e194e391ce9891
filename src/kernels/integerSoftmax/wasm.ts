/** integerSoftmax in WebAssembly (../assembly/integerSoftmax.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

export const integerSoftmaxWasm =
  (causal: boolean): Implementation<'scores' | 'scale'> =>
  ({ inputs: { scores, scale } }) => {
    const [queries, keys] = scores.shape.slice(-2) as [number, number];
    const matrices = util.sizeFromShape(scores.shape.slice(0, -2));
    const p = output(scores.shape);
    launch(
      'integerSoftmax',
      address(scores),
      address(scale),
      address(p),
      matrices,
      queries,
      keys,
      Number(causal),
    );
    return p;
  };
