/** The GRU's kernels in WebAssembly (../assembly/gru.ts). */
import type { Implementation } from '../definition';
import { cellSizes } from '../recurrent';
import { address, launch, output } from '../wasm';

export const gruGatesWasm: Implementation<'x' | 'h'> = ({ inputs: { x, h } }) => {
  const gates = output(x.shape);
  launch('gruGates', address(x), address(h), address(gates), ...cellSizes(x, 3));
  return gates;
};

export const gruGatesGradientWasm: Implementation<'dy' | 'h' | 'gates'> = ({ inputs: { dy, h, gates } }) => {
  const dx = output(gates.shape);
  const dh = output(gates.shape);
  const tensors = [dy, h, gates, dx, dh].map(address);
  launch('gruGatesGradient', ...tensors, ...cellSizes(gates, 3));
  return [dx, dh];
};

export const gruStateWasm: Implementation<'gates' | 'h'> = ({ inputs: { gates, h } }) => {
  const next = output(h.shape);
  launch('gruState', address(gates), address(h), address(next), ...cellSizes(gates, 3));
  return next;
};

export const gruStateGradientWasm: Implementation<'dy' | 'gates' | 'h'> = ({ inputs: { dy, gates, h } }) => {
  const dgates = output(gates.shape);
  const dh = output(h.shape);
  const tensors = [dy, gates, h, dgates, dh].map(address);
  launch('gruStateGradient', ...tensors, ...cellSizes(gates, 3));
  return [dgates, dh];
};
