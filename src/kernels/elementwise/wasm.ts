/** Sums and products in WebAssembly (../assembly/elementwise.ts), of equal shapes and of the usual broadcasts. */
import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { address, launch, output } from '../wasm';

/** Whether b is as a from some axis on, axes of length 1 before that left out: one block of b serves all of a. */
function endsLike(a: readonly number[], b: readonly number[]): boolean {
  const first = b.findIndex((length) => length !== 1);
  const own = first < 0 ? [] : b.slice(first);
  return b.length <= a.length && own.every((length, i) => length === a[a.length - own.length + i]);
}

/** Both operations commute, to the bit but for which of two NaNs is kept. */
export const binaryKernel =
  (kernel: 'addValues' | 'multiplyValues') =>
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const [large, small] = endsLike(a.shape, b.shape) ? [a, b] : [b, a];
    if (a.dtype !== 'float32' || b.dtype !== 'float32' || !endsLike(large.shape, small.shape))
      return stock(call);
    const y = output(large.shape);
    const size = util.sizeFromShape(large.shape);
    const length = util.sizeFromShape(small.shape);
    const rows = length === 0 ? 0 : size / length;
    if (rows > 0)
      launch(kernel, address(large), address(small), address(y), rows, length, Number(length === 1));
    return y;
  };
