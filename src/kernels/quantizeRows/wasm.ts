/** Dynamic quantization in WebAssembly (../assembly/quantizeRows.ts). */
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';
import { rowsOf } from './shapes';

export const rowParamsWasm: Implementation<'x' | 'settings'> = ({ inputs: { x, settings } }) => {
  const { rows, length } = rowsOf(x.shape);
  const params = output([4, rows]);
  launch('rowParams', address(x), address(settings), address(params), rows, length);
  return params;
};

export const quantizeRowsWasm: Implementation<'x' | 'params' | 'settings'> = ({ inputs }) => {
  const { x, params, settings } = inputs;
  const { rows, length } = rowsOf(x.shape);
  const y = output(x.shape);
  launch('quantizeRows', address(x), address(params), address(settings), address(y), rows, length);
  return y;
};

export const quantizeRowsGradientWasm: Implementation<'dq' | 'x' | 'params' | 'settings'> = ({ inputs }) => {
  const { dq, x, params, settings } = inputs;
  const { rows, length } = rowsOf(x.shape);
  const dx = output(x.shape);
  launch(
    'quantizeRowsGradient',
    address(dq),
    address(x),
    address(params),
    address(settings),
    address(dx),
    rows,
    length,
  );
  return dx;
};
