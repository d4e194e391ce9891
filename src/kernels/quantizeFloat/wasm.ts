/** quantizeFloat and its gradient in WebAssembly (../assembly/quantizeFloat.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type FloatFormat, minExponent } from '@/catalog/formats';
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

/** A format as the WebAssembly kernels take it. */
export const formatArguments = (
  format: FloatFormat,
): [mantissaBits: number, minExponent: number, max: number] => [
  format.mantissaBits,
  minExponent(format),
  format.max,
];

export const quantizeFloatWasm =
  (format: FloatFormat): Implementation<'x' | 'params' | 'settings'> =>
  ({ inputs }) => {
    const { x, params, settings } = inputs;
    const q = output(x.shape);
    launch(
      'quantizeFloat',
      address(x),
      address(params),
      address(settings),
      address(q),
      util.sizeFromShape(x.shape),
      params.shape[1]!,
      ...formatArguments(format),
    );
    return q;
  };

export const quantizeFloatGradientWasm =
  (format: FloatFormat): Implementation<'dq' | 'x' | 'params' | 'settings'> =>
  ({ inputs }) => {
    const { dq, x, params, settings } = inputs;
    const dx = output(x.shape);
    launch(
      'quantizeFloatGradient',
      address(dq),
      address(x),
      address(params),
      address(settings),
      address(dx),
      util.sizeFromShape(x.shape),
      params.shape[1]!,
      ...formatArguments(format),
    );
    return dx;
  };
