/** layerNorm in WebAssembly (../assembly/layerNorm.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output, scratch } from '../wasm';

export const layerNormWasm: Implementation<'x' | 'gamma' | 'beta'> = ({ inputs: { x, gamma, beta } }) => {
  const depth = lastAxis(x.shape);
  const y = output(x.shape);
  const rows = util.sizeFromShape(x.shape) / depth;
  launch('layerNorm', address(x), address(gamma), address(beta), address(y), rows, depth);
  return y;
};

export const layerNormGradientWasm: Implementation<'dy' | 'x' | 'gamma'> = ({ inputs: { dy, x, gamma } }) => {
  const depth = lastAxis(x.shape);
  const dx = output(x.shape);
  const dgamma = output([depth]);
  const dbeta = output([depth]);
  launch(
    'layerNormGradient',
    address(dy),
    address(x),
    address(gamma),
    address(dx),
    address(dgamma),
    address(dbeta),
    scratch(4 * 2 * depth),
    util.sizeFromShape(x.shape) / depth,
    depth,
  );
  return [dx, dgamma, dbeta];
};
