/** The LSTM's kernels in WebAssembly (../assembly/lstm.ts). */
import type { Implementation } from '../definition';
import { cellSizes } from '../recurrent';
import { address, launch, output } from '../wasm';

const lstmGates: Implementation<'x' | 'h'> = ({ inputs: { x, h } }) => {
  const gates = output(x.shape);
  launch('lstmGates', address(x), address(h), address(gates), ...cellSizes(x, 4));
  return gates;
};

const lstmGatesGradient: Implementation<'dy' | 'gates'> = ({ inputs: { dy, gates } }) => {
  const dx = output(gates.shape);
  launch('lstmGatesGradient', address(dy), address(gates), address(dx), ...cellSizes(gates, 4));
  return dx;
};

const forward =
  (name: string): Implementation<'gates' | 'cell'> =>
  ({ inputs: { gates, cell } }) => {
    const y = output(cell.shape);
    launch(name, address(gates), address(cell), address(y), ...cellSizes(gates, 4));
    return y;
  };

const gradient =
  (name: string): Implementation<'dy' | 'gates' | 'cell'> =>
  ({ inputs: { dy, gates, cell } }) => {
    const dgates = output(gates.shape);
    const dcell = output(cell.shape);
    const tensors = [dy, gates, cell, dgates, dcell].map(address);
    launch(name, ...tensors, ...cellSizes(gates, 4));
    return [dgates, dcell];
  };

const lstmState = forward('lstmState');
const lstmStateGradient = gradient('lstmStateGradient');
const lstmHidden = forward('lstmHidden');
const lstmHiddenGradient = gradient('lstmHiddenGradient');

export const lstmWasm = {
  lstmGates,
  lstmGatesGradient,
  lstmState,
  lstmStateGradient,
  lstmHidden,
  lstmHiddenGradient,
};
