/** The shapes of a depthwise convolution and its gradients. */
import type { DepthwiseConv2dNativeAttrs, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';

export type Depthwise = backend_util.Conv2DInfo;

type Shape4 = [number, number, number, number];

/**
 * The geometry of a call of DepthwiseConv2dNative or of one of its two gradients, with the input's and the filter's
 * shape; undefined for what our kernels leave to tfjs: dilation, several outputs per channel, other types and channels
 * first. (The gradients have no `dataFormat`: tfjs has them for NHWC only.)
 */
export function depthwiseOf(
  attrs: NamedAttrMap | undefined,
  inputShape: readonly number[],
  filterShape: readonly number[],
  tensors: readonly TensorInfo[],
): Depthwise | undefined {
  const { strides, pad, dataFormat, dilations, dimRoundingMode } =
    attrs as unknown as Partial<DepthwiseConv2dNativeAttrs> &
      Pick<DepthwiseConv2dNativeAttrs, 'strides' | 'pad'>;
  if (dataFormat === 'NCHW' || filterShape[3] !== 1) return undefined;
  if (tensors.some(({ dtype }) => dtype !== 'float32')) return undefined;
  const depthwise = backend_util.computeConv2DInfo(
    [...inputShape] as Shape4,
    [...filterShape] as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
  const { dilationHeight, dilationWidth } = depthwise;
  return dilationHeight === 1 && dilationWidth === 1 ? depthwise : undefined;
}
