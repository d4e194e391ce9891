/** The shapes of two-dimensional maximum pooling. */
import type { MaxPoolAttrs, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';

export type Pooling = backend_util.Conv2DInfo;

/**
 * The geometry of a call of MaxPool or MaxPoolGrad on x [batch, height, width, channels]; undefined for what our kernels
 * leave to tfjs: integers, and windows that lie in the padding altogether.
 */
export function poolingOf(x: TensorInfo, attrs: NamedAttrMap | undefined): Pooling | undefined {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as MaxPoolAttrs;
  const shape = x.shape as [number, number, number, number];
  const pooling = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const rows = holdsPixels(
    pooling.padInfo.top,
    pooling.filterHeight,
    pooling.strideHeight,
    pooling.outHeight,
  );
  const columns = holdsPixels(
    pooling.padInfo.left,
    pooling.filterWidth,
    pooling.strideWidth,
    pooling.outWidth,
  );
  return x.dtype === 'float32' && rows(pooling.inHeight) && columns(pooling.inWidth) ? pooling : undefined;
}

/** Whether the first and the last window along an axis hold a pixel. */
function holdsPixels(before: number, window: number, stride: number, windows: number) {
  return (length: number) => before < window && (windows - 1) * stride - before < length;
}
