/** GRU and LSTM: both products with what becomes of them, and the tables of the gates. */
import { type Gru, type Lstm, siteAt } from '@/catalog/layers';
import { argumentStep, cellGrid, gateBits, partGrid, resetBits } from '@/quant/fixedPoint';
import { factorOf, rescaleTo } from '../arithmetic';
import type { Products, RecurrentOp } from '../ops';
import type { Grid, Rescale } from '../program';
import { codeGrid, curveOf, fixedGrid, tableOf, worthOf } from '../tables';
import type { Lowering } from './context';
import type { LayerLowering, Resolved } from './lowering';
import { sumsOf } from './products';

const { fround } = Math;

/** Integers worth `from` each, or the sum of two such operands, brought to a grid. */
const bring = (to: Grid, ...from: number[]): Rescale =>
  rescaleTo(
    to,
    from.map((scale) => [factorOf(scale, 1, to.scale)]),
    false,
  );

/** A product whose sums are brought to the grid of the gates' parts. */
function part(
  to: Lowering,
  layer: Resolved<Gru | Lstm>,
  input: number,
  site: 'weights' | 'recurrent',
): Products {
  const sums = sumsOf(to, layer, input, site, site === 'weights' ? 'biases' : 'recurrentBiases');
  const { scale } = to.values[input]!.grid;
  const grid = fixedGrid(partGrid);
  const factors = to.scalesOf(sums.weights).map((weight) => factorOf(scale, weight, grid.scale));
  return { ...sums, rescale: rescaleTo(grid, [factors], false) };
}

/** What both have in common. @param gates how many each unit has @param more int32 that each unit needs beside them */
function common(to: Lowering, layer: Resolved<Gru | Lstm>, input: number, gates: number, more: number) {
  const { name, spec, inputShape } = layer;
  const { units, returns } = spec;
  const [positions = 1, features = 1] = inputShape;
  const output = to.rounded(layer);
  const { grid } = to.grid(name, 'gates', siteAt(spec, 'gates')!);
  const inputs = part(to, layer, input, 'weights');
  const recurrent = part(to, layer, output, 'recurrent');
  const partScale = 2 ** -partGrid.bits;
  const sigmoid = bring(codeGrid(argumentStep.sigmoid), partScale, partScale);
  const scratch = to.value({
    name: `${name} parts`,
    layer: name,
    shape: [(2 * gates + more) * units],
    bits: 32,
    grid: fixedGrid(partGrid),
  });
  const op: Omit<RecurrentOp, 'kind'> = {
    layer: name,
    input,
    output,
    scratch,
    positions,
    features,
    units,
    sequence: returns === 'sequence',
    inputs,
    recurrent,
    gates: grid,
    worth: worthOf(grid),
    sigmoid: { ...sigmoid, table: tableOf('sigmoid', argumentStep.sigmoid, grid) },
  };
  return { op, state: to.values[output]!.grid, sigmoid, partScale };
}

export const gru: LayerLowering<Gru> = (to, layer, input) => {
  const { op, state, sigmoid } = common(to, layer as Resolved<Gru | Lstm>, input, 3, 0);
  to.ops.push({
    kind: 'gru',
    ...op,
    resetCodes: sigmoid,
    reset: curveOf('sigmoid', argumentStep.sigmoid, resetBits),
    candidate: {
      ...bring(codeGrid(argumentStep.tanh), 2 ** -(partGrid.bits + resetBits)),
      table: tableOf('tanh', argumentStep.tanh, op.gates),
    },
    rescale: bring(state, 2 ** (-2 * gateBits), fround(state.scale * 2 ** -gateBits)),
  });
  return op.output;
};

export const lstm: LayerLowering<Lstm> = (to, layer, input) => {
  const { op, state, partScale } = common(to, layer as Resolved<Gru | Lstm>, input, 4, 1);
  to.ops.push({
    kind: 'lstm',
    ...op,
    candidate: {
      ...bring(codeGrid(argumentStep.tanh), partScale, partScale),
      table: tableOf('tanh', argumentStep.tanh, op.gates),
    },
    cell: bring(fixedGrid(cellGrid), 2 ** -(cellGrid.bits + gateBits)),
    cellCodes: bring(codeGrid(argumentStep.tanh), 2 ** -cellGrid.bits),
    cellTanh: curveOf('tanh', argumentStep.tanh, gateBits),
    rescale: bring(state, 2 ** (-2 * gateBits)),
  });
  return op.output;
};
