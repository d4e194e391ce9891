/** attentionSoftmax in WebAssembly (../assembly/attentionSoftmax.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output } from '../wasm';

/** A softmax over rows of scores by the kernel of that name. */
export const softmaxWasm =
  (kernel: 'attentionSoftmax' | 'integerSoftmax') =>
  (causal: boolean): Implementation<'scores' | 'scale'> =>
  ({ inputs: { scores, scale } }) => {
    const [queries, keys] = scores.shape.slice(-2) as [number, number];
    const matrices = util.sizeFromShape(scores.shape.slice(0, -2));
    const p = output(scores.shape);
    launch(kernel, address(scores), address(scale), address(p), matrices, queries, keys, Number(causal));
    return p;
  };
export const attentionSoftmaxWasm = softmaxWasm('attentionSoftmax');

export const attentionSoftmaxGradientWasm: Implementation<'dy' | 'p' | 'scale'> = ({
  inputs: { dy, p, scale },
}) => {
  const keys = lastAxis(p.shape);
  const dscores = output(p.shape);
  const rows = util.sizeFromShape(p.shape) / keys;
  launch('attentionSoftmaxGradient', address(dy), address(p), address(scale), address(dscores), rows, keys);
  return dscores;
};
