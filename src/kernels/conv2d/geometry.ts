/** The shapes of a two-dimensional convolution and its gradients. */
import type {
  Conv2DAttrs,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropInputAttrs,
  NamedAttrMap,
} from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';

export type Convolution = backend_util.Conv2DInfo;

type Shape4 = [number, number, number, number];

/**
 * The geometry of a call of Conv2D, Conv2DBackpropInput or Conv2DBackpropFilter with the input's and the filter's shape;
 * undefined for what our kernels leave to tfjs: dilation, and channels first.
 */
export function convolutionOf(
  attrs: NamedAttrMap | undefined,
  inputShape: readonly number[],
  filterShape: readonly number[],
): Convolution | undefined {
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = attrs as unknown as Partial<Conv2DAttrs> &
    Pick<Conv2DAttrs, 'strides' | 'pad' | 'dataFormat'>;
  if (dataFormat !== 'NHWC') return undefined;
  const convolution = backend_util.computeConv2DInfo(
    [...inputShape] as Shape4,
    [...filterShape] as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
  );
  const { dilationHeight, dilationWidth } = convolution;
  return dilationHeight === 1 && dilationWidth === 1 ? convolution : undefined;
}

/** The shape of the input whose gradient a call of Conv2DBackpropInput asks for. */
export function inputShapeOf(attrs: NamedAttrMap | undefined): number[] {
  return (attrs as unknown as Conv2DBackpropInputAttrs).inputShape;
}

/** The shape of the filter whose gradient a call of Conv2DBackpropFilter asks for. */
export function filterShapeOf(attrs: NamedAttrMap | undefined): number[] {
  return (attrs as unknown as Conv2DBackpropFilterAttrs).filterShape;
}
