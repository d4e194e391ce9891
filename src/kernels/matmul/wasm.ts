/** BatchMatMul on WebAssembly: our packed SIMD product in place of tfjs's, which is scalar once anything is transposed. */
import type { BatchMatMulAttrs, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { broadcast_util, util } from '@tensorflow/tfjs-core';
import { address, launch, output, scratch } from '../wasm';

/** Blocking of assembly/matmul.ts, which the size of its workspace follows from. */
const blockK = 256;
const blockRows = 64;

/** Bytes of workspace that `matmul` needs for a product with N columns and sums over K. */
export function workBytes(N: number, K: number): number {
  return 4 * Math.min(K, blockK) * (blockRows + 8 * Math.ceil(N / 8));
}

/**
 * a [..., M, K] times b [..., K, N], each possibly stored transposed. The leading axes agree, or are all 1 on one side;
 * everything else goes to the stock kernel.
 */
export function matmulKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = call.attrs as unknown as BatchMatMulAttrs;
    const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
    const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
    const [M, K] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
    const [depth, N] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
    const batchShape = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const batch = util.sizeFromShape(batchShape);
    const aStep = batchStep(a, batch);
    const bStep = batchStep(b, batch);
    const covered = a.dtype === 'float32' && b.dtype === 'float32' && K === depth;
    if (!covered || aStep === undefined || bStep === undefined) return stock(call);

    const out = output([...batchShape, M, N]);
    // One matrix b for all: the batch is but more rows.
    const merged = bStep === 0 && aStep > 0 && !transposeA;
    launch(
      'matmul',
      address(a),
      address(b),
      address(out),
      merged ? 1 : batch,
      merged ? 0 : aStep,
      bStep,
      merged ? batch * M : M,
      N,
      K,
      Number(transposeA),
      Number(transposeB),
      scratch(workBytes(N, K)),
    );
    return out;
  };
}

/** Floats from one matrix to the next: 0 if one serves the whole batch, undefined if the axes mix both. */
function batchStep({ shape }: TensorInfo, batch: number): number | undefined {
  const own = util.sizeFromShape(shape.slice(0, -2));
  if (own === batch) return util.sizeFromShape(shape.slice(-2));
  return own === 1 ? 0 : undefined;
}
