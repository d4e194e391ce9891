/**
 * GRU and LSTM as whole numbers. The input's part of the gates is one product for all positions; what depends on the state runs
 * position by position: as the body of a Scan, which keeps the file as small for 64 positions as for one, or written out for
 * every position where a style's readers know no bodies. See ../../ops/gru.ts and ../../ops/lstm.ts for what they compute.
 */
import { codeHalf, gateBits, resetBits } from '@/quant/fixedPoint';
import type { RecurrentOp } from '../../ops';
import type { Rescale } from '../../program';
import { Graph } from '../graph';
import type { Element } from '../model';
import type { Translation, Translator } from '../translation';
import { constant, entryOf, matMul, minus, onCurve, plus, rescaled, times, type Whole } from '../whole';

/** What one position is given: its parts of the gates, [N, units] each, and q - zero point of the state before. */
interface Step {
  graph: Graph;
  inputs: readonly Whole[];
  recurrent: readonly Whole[];
  state: Whole;
  /** Beside the state: the cell of an LSTM. */
  more: readonly Whole[];
}

interface Stepped {
  /** q of the next state. */
  state: Whole;
  more: readonly Whole[];
}

const single = (tensor: string, largest: number): Whole => ({ tensor, element: 'float32', largest });

/** @param gates how many each unit has @param more limits of what is carried beside the state, 0 at first */
function recurrent(
  to: Translation,
  op: RecurrentOp,
  gates: number,
  more: readonly number[],
  step: (position: Step) => Stepped,
): void {
  const { graph, style } = to;
  const { layer, positions, features, units, sequence } = op;
  const value = to.value(op.output);
  const width = gates * units;
  const x = to.wholeRows(op.input, [positions, features]);
  const kernel = to.wholeWeights(op.inputs.weights, [features, width], [0, 1]);
  const own = to.wholeWeights(op.recurrent.weights, [units, width], [0, 1]);
  const sums = matMul(
    graph,
    `${layer}_input`,
    x,
    kernel,
    op.inputs.biases,
    to.largestSum(op.inputs, op.input),
  );
  const all = rescaled(graph, `${layer}_input_parts`, op.inputs.rescale!, [sums]);
  const sizes = graph.constant(`${layer}_gate_sizes`, 'int64', [gates], Array<number>(gates).fill(units));
  const largest = to.largestSum(op.recurrent, op.output);

  /** One position. @returns what is kept of the next state, and what is carried beside it */
  const advance = (inside: Graph, part: string, kept: string, carried: readonly string[]): string[] => {
    const state = style.whole(inside, kept, value);
    const products = matMul(inside, `${layer}_state`, state, own, op.recurrent.biases, largest);
    const past = rescaled(inside, `${layer}_state_parts`, op.recurrent.rescale!, [products]);
    const [inputs, recurrent] = [single(part, all.largest), past].map((parts) =>
      inside
        .several('Split', Array<string>(gates).fill(`${layer}_gate`), [parts.tensor, sizes], { axis: 1 })
        .map((tensor) => ({ ...parts, tensor })),
    ) as [Whole[], Whole[]];
    const beside = carried.map((tensor, i) => single(tensor, more[i]!));
    const next = step({ graph: inside, inputs, recurrent, state, more: beside });
    return [style.keepWhole(inside, next.state, value), ...next.more.map(({ tensor }) => tensor)];
  };

  const zeros = zerosFor(graph, layer, all.tensor, units);
  const zero = constant(graph, `${layer}_zero_state`, [], [value.grid.zeroPoint]);
  const first = plus(graph, `${layer}_first_state`, single(zeros, 0), zero);
  const start = [style.keepWhole(graph, first, value), ...more.map(() => zeros)];
  const run = style.scans ? scanned : writtenOut;
  const tensor = run(
    { graph, layer, positions, units, width, sequence, kept: style.kept },
    all.tensor,
    start,
    advance,
  );
  to.putKept(op.output, tensor, sequence ? [positions, units] : [units]);
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
  /** Gates times units. */
  width: number;
  sequence: boolean;
  kept: Element;
}
type Advance = (graph: Graph, part: string, kept: string, carried: readonly string[]) => string[];

/** All positions in the body of a Scan. @returns what is kept of all states, [N, positions, units], or of the last one */
function scanned(run: Run, parts: string, start: readonly string[], advance: Advance): string {
  const { graph, layer, units, width, sequence, kept } = run;
  const inside = new Graph(graph);
  const [before = '', ...carried] = start.map((_, i) =>
    inside.name(`${layer}_${i ? 'cell' : 'state'}_before`),
  );
  const part = inside.name(`${layer}_part`);
  const after = advance(inside, part, before, carried);
  const shown = sequence ? [inside.node('Identity', `${layer}_state_shown`, [after[0]!])] : [];
  const port = (name: string, element: Element, size = units) => ({ name, element, dims: ['N', size] });
  const carriedPorts = (names: readonly string[]) => names.map((name, i) => port(name, i ? 'float32' : kept));
  const body = {
    name: `${layer}_position`,
    inputs: [...carriedPorts([before, ...carried]), port(part, 'float32', width)],
    outputs: [...carriedPorts(after), ...shown.map((name) => port(name, kept))],
    nodes: inside.nodes,
  };
  const outputs = [
    ...after.map((_, i) => `${layer}_last_${i ? 'cell' : 'state'}`),
    ...shown.map(() => `${layer}_state_by_state`),
  ];
  // Positions first: the reference evaluator of the onnx package scans no other axis.
  const swapped = { perm: [1, 0, 2] };
  const first = graph.node('Transpose', `${layer}_part_by_part`, [parts], swapped);
  const made = graph.several('Scan', outputs, [...start, first], { body, num_scan_inputs: 1 });
  return sequence ? graph.node('Transpose', `${layer}_states`, [made.at(-1)!], swapped) : made[0]!;
}

/** Every position's nodes one after the other. @returns as `scanned` */
function writtenOut(run: Run, parts: string, start: readonly string[], advance: Advance): string {
  const { graph, layer, positions, sequence } = run;
  const axis = sequence ? graph.constant(`${layer}_position_axis`, 'int64', [1], [1]) : '';
  const states: string[] = [];
  let carried = start;
  for (let t = 0; t < positions; t++) {
    const at = graph.constant(`${layer}_position`, 'int64', [], [t]);
    const part = graph.node('Gather', `${layer}_part`, [parts, at], { axis: 1 });
    carried = advance(graph, part, carried[0]!, carried.slice(1));
    if (sequence) states.push(graph.node('Unsqueeze', `${layer}_state_shown`, [carried[0]!, axis]));
  }
  return sequence ? graph.node('Concat', `${layer}_states`, states, { axis: 1 }) : carried[0]!;
}

/** A gate where it is multiplied: in steps of 2^-gateBits. */
function gate(graph: Graph, op: RecurrentOp, name: string, by: Rescale, operands: readonly Whole[]): Whole {
  const q = rescaled(graph, `${op.layer}_${name}`, by, operands);
  return entryOf(graph, `${op.layer}_worth`, op.worth, q);
}

export const gru: Translator<'gru'> = (to, op) => {
  const { layer } = op;
  recurrent(to, op, 3, [], ({ graph, inputs, recurrent, state }) => {
    const [xr, xz, xn] = inputs as [Whole, Whole, Whole];
    const [hr, hz, hn] = recurrent as [Whole, Whole, Whole];
    const codes = rescaled(graph, `${layer}_reset_codes`, op.resetCodes, [xr, hr], { base: -codeHalf });
    const r = onCurve(graph, `${layer}_reset`, op.reset, codes);
    const z = gate(graph, op, 'update', op.sigmoid, [xz, hz]);
    const unit = constant(graph, `${layer}_reset_unit`, [], [2 ** resetBits]);
    const scaled = times(graph, `${layer}_scaled_input`, xn, unit);
    const kept = times(graph, `${layer}_reset_state`, r, hn);
    const argument = plus(graph, `${layer}_candidate_sum`, scaled, kept);
    const n = gate(graph, op, 'candidate', op.candidate, [argument]);
    const one = constant(graph, `${layer}_one`, [], [2 ** gateBits]);
    const fresh = times(graph, `${layer}_fresh`, minus(graph, `${layer}_share`, one, z), n);
    const old = times(graph, `${layer}_old`, z, state);
    return { state: rescaled(graph, `${layer}_next`, op.rescale, [fresh, old]), more: [] };
  });
};

export const lstm: Translator<'lstm'> = (to, op) => {
  const { layer } = op;
  recurrent(to, op, 4, [op.cell.high], ({ graph, inputs, recurrent, more }) => {
    const names = ['input_gate', 'forget_gate', 'candidate', 'output_gate'];
    const [i, f, g, o] = names.map((name, at) =>
      gate(graph, op, name, at === 2 ? op.candidate : op.sigmoid, [inputs[at]!, recurrent[at]!]),
    ) as [Whole, Whole, Whole, Whole];
    const old = times(graph, `${layer}_old`, f, more[0]!);
    const sum = plus(graph, `${layer}_cell_sum`, old, times(graph, `${layer}_fresh`, i, g));
    const cell = rescaled(graph, `${layer}_cell`, op.cell, [sum]);
    const codes = rescaled(graph, `${layer}_cell_codes`, op.cellCodes, [cell], { base: -codeHalf });
    const squashed = onCurve(graph, `${layer}_squashed`, op.cellTanh, codes);
    const shown = times(graph, `${layer}_shown`, o, squashed);
    return { state: rescaled(graph, `${layer}_next`, op.rescale, [shown]), more: [cell] };
  });
};
