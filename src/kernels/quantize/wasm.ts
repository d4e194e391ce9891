/** quantize and its gradient in WebAssembly (../assembly/quantize.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

export const quantizeWasm: Implementation<'x' | 'params' | 'settings'> = ({ inputs }) => {
  const { x, params, settings } = inputs;
  const q = output(x.shape);
  launch(
    'quantize',
    address(x),
    address(params),
    address(settings),
    address(q),
    util.sizeFromShape(x.shape),
    params.shape[1]!,
  );
  return q;
};

export const quantizeGradientWasm: Implementation<'dq' | 'x' | 'params' | 'settings'> = ({ inputs }) => {
  const { dq, x, params, settings } = inputs;
  const dx = output(x.shape);
  launch(
    'quantizeGradient',
    address(dq),
    address(x),
    address(params),
    address(settings),
    address(dx),
    util.sizeFromShape(x.shape),
    params.shape[1]!,
  );
  return dx;
};
