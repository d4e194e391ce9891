/** Learned widths in WebAssembly (../assembly/learnedBits.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output } from '../wasm';

export const learnedBitsParamsWasm: Implementation<'w' | 'learned' | 'settings'> = ({ inputs }) => {
  const { w, learned, settings } = inputs;
  const channels = lastAxis(w.shape);
  const params = output([4, channels]);
  launch('learnedBitsParams', address(learned), address(settings), address(params), channels);
  return params;
};

export const quantizeLearnedBitsWasm: Implementation<'x' | 'learned' | 'settings'> = ({ inputs }) => {
  const { x, learned, settings } = inputs;
  const q = output(x.shape);
  const count = util.sizeFromShape(x.shape);
  launch('quantizeLearnedBits', address(x), address(learned), address(settings), address(q), count);
  return q;
};

/** @param shapeOf the result */
const gradientBy =
  (
    kernel: string,
    shapeOf: (x: number[], learned: number[]) => number[],
  ): Implementation<'dq' | 'x' | 'learned' | 'settings'> =>
  ({ inputs: { dq, x, learned, settings } }) => {
    const gradient = output(shapeOf(x.shape, learned.shape));
    const tensors = [dq, x, learned, settings, gradient].map(address);
    launch(kernel, ...tensors, util.sizeFromShape(x.shape));
    return gradient;
  };

export const quantizeLearnedBitsGradientWasm = gradientBy('quantizeLearnedBitsGradient', (x) => x);
export const learnedBitsGradientWasm = gradientBy('learnedBitsGradient', (_, learned) => learned);
