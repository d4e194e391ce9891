/** integerLayerNorm in WebAssembly (../assembly/integerLayerNorm.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output } from '../wasm';

export const integerLayerNormWasm: Implementation<'x' | 'params'> = ({ inputs: { x, params } }) => {
  const y = output(x.shape);
  const depth = lastAxis(x.shape);
  launch(
    'integerLayerNorm',
    address(x),
    address(params),
    address(y),
    util.sizeFromShape(x.shape) / depth,
    depth,
  );
  return y;
};
