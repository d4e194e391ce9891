/**
 * GRU and LSTM as whole numbers. The input's part of the gates is one product for all positions; what depends on the state runs
 * position by position: as the body of a Scan, which keeps the file as small for 64 positions as for one, or written out for
 * every position where a style's readers know no bodies. See ../../ops/gru.ts and ../../ops/lstm.ts for what they compute.
 * Runtimes take a few microseconds for each operator of a position, however few its numbers: what can be done before or after
 * all positions, or to all gates at once, is.
 */
import { codeHalf, gateBits, resetBits } from '@/quant/fixedPoint';
import type { RecurrentOp } from '../../ops';
import type { Rescale } from '../../program';
import { Graph } from '../graph';
import type { Translation, Translator } from '../translation';
import {
  cast,
  constant,
  found,
  matMul,
  minus,
  onCurve,
  plus,
  rescaled,
  times,
  type Whole,
  worthOfCodes,
} from '../whole';

/** What one position is given. */
interface Step {
  graph: Graph;
  /** Of each of the inputs' parts, [N, width], what belongs to it. */
  parts: readonly Whole[];
  /** The state's part of the gates, [N, gates x units]. */
  past: Whole;
  /** q - zero point of the state before, [N, units]. */
  state: Whole;
  /** Beside the state: the cell of an LSTM. */
  more: readonly Whole[];
}

/** What the next position is given of this one. */
type Stepped = Pick<Step, 'state' | 'more'>;

/** Tensors cut along their last axis, into pieces of so many units. */
function split(graph: Graph, stem: string, whole: Whole, units: number, pieces: readonly number[]): Whole[] {
  const sizes = graph.constant(
    `${stem}_sizes`,
    'int64',
    [pieces.length],
    pieces.map((each) => each * units),
  );
  return graph
    .several('Split', Array<string>(pieces.length).fill(stem), [whole.tensor, sizes], { axis: -1 })
    .map((tensor) => ({ ...whole, tensor }));
}

/** Rescalings of one gate each, all to one grid, as one of all gates side by side; their tables left out. */
function sideBySide(units: number, all: readonly Rescale[]): Rescale {
  const { table: _, ...first } = all[0]!;
  const each = (of: (by: Rescale) => number) =>
    Int32Array.from({ length: all.length * units }, (_, c) => of(all[Math.floor(c / units)]!));
  const multipliers = first.multipliers.map((_, i) => each((by) => by.multipliers[i]![0]!));
  return { ...first, multipliers, shifts: each((by) => by.shifts[0]!) };
}

interface Recurrent {
  gates: number;
  /** Limits of what is carried beside the state, 0 at first. */
  more: readonly number[];
  /** What becomes of the input's part of the gates before the first position, [N, positions, gates x units]. */
  before(parts: Whole): readonly { whole: Whole; width: number }[];
  step(position: Step): Stepped;
}

function recurrent(to: Translation, op: RecurrentOp, { gates, more, before, step }: Recurrent): void {
  const { graph, style } = to;
  const { layer, positions, features, units, sequence } = op;
  const value = to.value(op.output);
  const { zeroPoint, qmin, qmax } = value.grid;
  const width = gates * units;
  const x = to.wholeRows(op.input, [positions, features]);
  const kernel = to.wholeWeights(op.inputs.weights, [features, width], [0, 1]);
  const most = to.largestSum(op.inputs, op.input);
  const sums = matMul(graph, `${layer}_input`, x, kernel, op.inputs.biases, most);
  const all = rescaled(graph, `${layer}_input_parts`, op.inputs.rescale!, [sums]);
  const parts = before(all);

  const largest = to.largestSum(op.recurrent, op.output);
  const own = constant(graph, `${layer}_state_biases`, [width], op.recurrent.biases);
  const element = largest <= 2 ** 24 ? 'float32' : 'float64';
  const [w, b] = [to.wholeWeights(op.recurrent.weights, [units, width], [0, 1]), own].map((each) =>
    cast(graph, `${layer}_state`, each, element),
  );
  const limits = [Math.max(qmax - zeroPoint, zeroPoint - qmin), ...more];

  /** One position. @param carried the state, and what is beside it @returns them of the next one */
  const advance: Advance = (inside, own, carried) => {
    const [state, ...beside] = carried.map(
      (tensor, i): Whole => ({ tensor, element: 'float32', largest: limits[i]! }),
    ) as [Whole, ...Whole[]];
    const operands = [cast(inside, `${layer}_state`, state, element), w!, b!];
    const products: Whole = {
      tensor: inside.node('Gemm', `${layer}_state_sums`, operands),
      element,
      largest,
    };
    const past = rescaled(inside, `${layer}_state_parts`, op.recurrent.rescale!, [products]);
    const wholes = own.map((tensor, i) => ({ ...parts[i]!.whole, tensor }));
    const next = step({ graph: inside, parts: wholes, past, state, more: beside });
    return [marked(inside, next.state), ...next.more].map((each) => each.tensor);
  };
  const zero = constant(graph, `${layer}_zero_state`, [], [zeroPoint]);
  const codes = (inside: Graph, less: Whole) =>
    zeroPoint === 0 ? less : plus(inside, `${layer}_q`, less, zero);
  /** A style that is not run but read says of every state that it is rounded, and to how many bits. */
  const marked = (inside: Graph, less: Whole): Whole =>
    style.scans ? less : style.whole(inside, style.keepWhole(inside, codes(inside, less), value), value);

  const zeros = zerosFor(graph, layer, all.tensor, units);
  const run = style.scans ? scanned : writtenOut;
  const states = run(
    { graph, layer, positions, units, sequence, parts },
    limits.map(() => zeros),
    advance,
  );
  const whole: Whole = { tensor: states, element: 'float32', largest: limits[0]! };
  to.putWhole(op.output, codes(graph, whole), 'rows', sequence ? [positions, units] : [units]);
}

/** Zeros [N, units], for as many examples as `like` has. */
function zerosFor(graph: Graph, layer: string, like: string, units: number): string {
  const examples = graph.node('Shape', `${layer}_examples`, [like], { start: 0, end: 1 });
  const count = graph.constant(`${layer}_units`, 'int64', [1], [units]);
  const dims = graph.node('Concat', `${layer}_state_shape`, [examples, count], { axis: 0 });
  return graph.node('ConstantOfShape', `${layer}_zeros`, [dims]);
}

interface Run {
  graph: Graph;
  layer: string;
  positions: number;
  units: number;
  sequence: boolean;
  /** Of the inputs, all positions. */
  parts: readonly { whole: Whole; width: number }[];
}
/** @param parts of this position @param carried from the one before */
type Advance = (graph: Graph, parts: readonly string[], carried: readonly string[]) => string[];

/** All positions in the body of a Scan. @returns q - zero point of all states, [N, positions, units], or of the last one */
function scanned(run: Run, start: readonly string[], advance: Advance): string {
  const { graph, layer, units, sequence, parts } = run;
  const inside = new Graph(graph);
  const carried = start.map((_, i) => inside.name(`${layer}_${i ? 'cell' : 'state'}_before`));
  const own = parts.map(() => inside.name(`${layer}_part`));
  const after = advance(inside, own, carried);
  const shown = sequence ? [inside.node('Identity', `${layer}_state_shown`, [after[0]!])] : [];
  const port = (name: string) => ({ name, element: 'float32' as const, dims: ['N', units] });
  const partPorts = parts.map(({ whole: { element }, width }, i) => ({
    ...{ name: own[i]!, element, dims: ['N', width] },
  }));
  const body = {
    name: `${layer}_position`,
    inputs: [...carried.map(port), ...partPorts],
    outputs: [...after, ...shown].map(port),
    nodes: inside.nodes,
  };
  const outputs = [
    ...after.map((_, i) => `${layer}_last_${i ? 'cell' : 'state'}`),
    ...shown.map(() => `${layer}_state_by_state`),
  ];
  // Positions first: the reference evaluator of the onnx package scans no other axis.
  const swapped = { perm: [1, 0, 2] };
  const first = parts.map(({ whole }) =>
    graph.node('Transpose', `${layer}_part_by_part`, [whole.tensor], swapped),
  );
  const made = graph.several('Scan', outputs, [...start, ...first], { body, num_scan_inputs: parts.length });
  return sequence ? graph.node('Transpose', `${layer}_states`, [made.at(-1)!], swapped) : made[0]!;
}

/** Every position's nodes one after the other. @returns as `scanned` */
function writtenOut(run: Run, start: readonly string[], advance: Advance): string {
  const { graph, layer, positions, sequence, parts } = run;
  const axis = sequence ? graph.constant(`${layer}_position_axis`, 'int64', [1], [1]) : '';
  const states: string[] = [];
  let carried = start;
  for (let t = 0; t < positions; t++) {
    const at = graph.constant(`${layer}_position`, 'int64', [], [t]);
    const own = parts.map(({ whole }) =>
      graph.node('Gather', `${layer}_part`, [whole.tensor, at], { axis: 1 }),
    );
    carried = advance(graph, own, carried);
    if (sequence) states.push(graph.node('Unsqueeze', `${layer}_state_shown`, [carried[0]!, axis]));
  }
  return sequence ? graph.node('Concat', `${layer}_states`, states, { axis: 1 }) : carried[0]!;
}

export const gru: Translator<'gru'> = (to, op) => {
  const { layer, units } = op;
  const update = worthOfCodes(to.graph, `${layer}_update`, op.sigmoid.table!, op.worth);
  const candidate = worthOfCodes(to.graph, `${layer}_candidate`, op.candidate.table!, op.worth);
  const codesOf = sideBySide(units, [op.resetCodes, op.sigmoid]);
  const { table: _, ...candidateCodes } = op.candidate;
  const base = -codeHalf;
  recurrent(to, op, {
    gates: 3,
    more: [],
    before(parts) {
      const [gates, xn] = split(to.graph, `${layer}_input_gates`, parts, units, [2, 1]) as [Whole, Whole];
      const unit = constant(to.graph, `${layer}_reset_unit`, [], [2 ** resetBits]);
      const scaled = times(to.graph, `${layer}_scaled_input`, xn, unit);
      return [
        { whole: gates, width: 2 * units },
        { whole: scaled, width: units },
      ];
    },
    step({ graph, parts, past, state }) {
      const [own, xn] = parts as [Whole, Whole];
      const [others, hn] = split(graph, `${layer}_gates`, past, units, [2, 1]) as [Whole, Whole];
      const codes = rescaled(graph, `${layer}_codes`, codesOf, [own, others], { base });
      const [reset, kept] = split(graph, `${layer}_gate_codes`, codes, units, [1, 1]) as [Whole, Whole];
      const r = onCurve(graph, `${layer}_reset`, op.reset, reset);
      const z = found(graph, `${layer}_update`, update, kept);
      const argument = plus(graph, `${layer}_candidate_sum`, xn, times(graph, `${layer}_reset_state`, r, hn));
      const code = rescaled(graph, `${layer}_candidate_codes`, candidateCodes, [argument], { base });
      const n = found(graph, `${layer}_candidate`, candidate, code);
      const one = constant(graph, `${layer}_one`, [], [2 ** gateBits]);
      const fresh = times(graph, `${layer}_fresh`, minus(graph, `${layer}_share`, one, z), n);
      const old = times(graph, `${layer}_old`, z, state);
      return { state: nextState(to, op, graph, [fresh, old]), more: [] };
    },
  });
};

/** q - zero point of the next state. */
const nextState = (
  to: Translation,
  op: RecurrentOp & { rescale: Rescale },
  graph: Graph,
  operands: readonly Whole[],
): Whole =>
  rescaled(graph, `${op.layer}_next`, op.rescale, operands, { base: to.value(op.output).grid.zeroPoint });

export const lstm: Translator<'lstm'> = (to, op) => {
  const { layer, units } = op;
  const [sigmoid, tanh] = [op.sigmoid, op.candidate].map((by, i) =>
    worthOfCodes(to.graph, `${layer}_${i ? 'candidate' : 'gate'}`, by.table!, op.worth),
  ) as [Whole, Whole];
  // One list for all gates: the candidate's codes go on where those of the others end.
  const both = [sigmoid.tensor, tanh.tensor];
  const worth = { ...sigmoid, tensor: to.graph.node('Concat', `${layer}_worth`, both, { axis: 0 }) };
  const codesOf = sideBySide(units, [op.sigmoid, op.sigmoid, op.candidate, op.sigmoid]);
  const from = Array.from({ length: 4 * units }, (_, c) => (Math.floor(c / units) === 2 ? 2 * codeHalf : 0));
  const base = -codeHalf;
  recurrent(to, op, {
    gates: 4,
    more: [op.cell.high],
    before: (parts) => [{ whole: parts, width: 4 * units }],
    step({ graph, parts, past, more }) {
      const codes = rescaled(graph, `${layer}_codes`, codesOf, [parts[0]!, past], { base });
      const index = plus(graph, `${layer}_at`, codes, constant(graph, `${layer}_from`, [4 * units], from));
      const gates = found(graph, `${layer}_gates`, worth, index);
      const [i, f, g, o] = split(graph, `${layer}_gate`, gates, units, [1, 1, 1, 1]) as [
        ...[Whole, Whole, Whole, Whole],
      ];
      const old = times(graph, `${layer}_old`, f, more[0]!);
      const sum = plus(graph, `${layer}_cell_sum`, old, times(graph, `${layer}_fresh`, i, g));
      const cell = rescaled(graph, `${layer}_cell`, op.cell, [sum]);
      const cellCodes = rescaled(graph, `${layer}_cell_codes`, op.cellCodes, [cell], { base });
      const squashed = onCurve(graph, `${layer}_squashed`, op.cellTanh, cellCodes);
      const shown = times(graph, `${layer}_shown`, o, squashed);
      return { state: nextState(to, op, graph, [shown]), more: [cell] };
    },
  });
};
