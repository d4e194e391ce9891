/**
 * Whole numbers in ONNX, exact: as float32 up to 2^24 and as float64 up to 2^53, whichever holds what may come. Sums of
 * products of whole numbers within these bounds are the same in whatever order and on whatever runtime they are added.
 *
 * - A rescale (../program.ts) is Mul by m / 2^s, Round (half to even, as ours), Add of the zero point, Clip: in float64 it is our
 *   fixed-point requantization to the bit, because a product has at most 53 bits. In float32, where QuantizeLinear computes, it is
 *   rounded twice, to 24 bits and then to the grid, which differs near ties.
 * - A step table is a Gather from a table with a byte for each of the 2^16 codes, which begin at 0 here.
 * - A curve is two Gathers from its points and a line between them.
 * - A quotient is a Div of int64.
 */
import { codeHalf, curveBits } from '@/quant/fixedPoint';
import { stepOf } from '../arithmetic';
import type { Rescale, StepTable } from '../program';
import type { Graph } from './graph';
import { elements } from './model';

type Float = 'float32' | 'float64';

/** A tensor of whole numbers. */
export interface Whole {
  tensor: string;
  element: Float | 'uint8' | 'int32';
  /** No number is further from 0. */
  largest: number;
}

/** The float that holds whole numbers up to a bound. */
const holding = (largest: number): Float => (largest <= 2 ** 24 ? 'float32' : 'float64');

/** The tensor of whole numbers as a type. */
export function cast(
  graph: Graph,
  stem: string,
  { tensor, element }: Whole,
  to: Float | 'int32' | 'int64' | 'uint8',
) {
  return element === to ? tensor : graph.node('Cast', `${stem}_${to}`, [tensor], { to: elements[to] });
}

function joined(graph: Graph, type: string, stem: string, a: Whole, b: Whole, largest: number): Whole {
  const element = holding(Math.max(largest, a.largest, b.largest));
  const inputs = [a, b].map((each) => cast(graph, stem, each, element));
  return { tensor: graph.node(type, stem, inputs), element, largest };
}

export const times = (graph: Graph, stem: string, a: Whole, b: Whole): Whole =>
  joined(graph, 'Mul', stem, a, b, a.largest * b.largest);
export const plus = (graph: Graph, stem: string, a: Whole, b: Whole): Whole =>
  joined(graph, 'Add', stem, a, b, a.largest + b.largest);
export const minus = (graph: Graph, stem: string, a: Whole, b: Whole): Whole =>
  joined(graph, 'Sub', stem, a, b, a.largest + b.largest);

/** Sums over the last axis, which stays with length 1. @param count how many each adds up */
export function summed(graph: Graph, stem: string, a: Whole, count: number): Whole {
  const largest = count * a.largest;
  const element = holding(largest);
  const last = graph.constant('last_axis', 'int64', [1], [-1]);
  const inputs = [cast(graph, stem, a, element), last];
  return { tensor: graph.node('ReduceSum', stem, inputs, { keepdims: 1 }), element, largest };
}

/** floor((a + floor(b / 2)) / b): the quotient, halves up. @param a from 0 @param b from 1 @param largest of the quotients */
export function quotient(graph: Graph, stem: string, a: Whole, b: Whole, largest: number): Whole {
  const [dividend, divisor] = [a, b].map((each) => cast(graph, stem, each, 'int64'));
  const two = graph.constant('two', 'int64', [], [2]);
  const half = graph.node('Div', `${stem}_half`, [divisor!, two]);
  const more = graph.node('Add', `${stem}_and_half`, [dividend!, half]);
  const found = graph.node('Div', `${stem}_int64`, [more, divisor!]);
  const element = holding(largest);
  const tensor = graph.node('Cast', stem, [found], { to: elements[element] });
  return { tensor, element, largest };
}

/** Constant whole numbers. @param dims [] for one */
export function constant(
  graph: Graph,
  stem: string,
  dims: readonly number[],
  values: ArrayLike<number>,
): Whole {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  const element = holding(largest);
  return { tensor: graph.constant(stem, element, dims, values), element, largest };
}

/**
 * Sums of products and biases, [..., features] times [features, units].
 * @param weights float32 of these integers @param largest of the sums, biases included
 */
export function matMul(
  graph: Graph,
  stem: string,
  x: Whole,
  weights: Whole,
  biases: Int32Array,
  largest: number,
): Whole {
  const element = holding(largest);
  const operands = [x, weights].map((each) => cast(graph, stem, each, element));
  const products = graph.node('MatMul', `${stem}_products`, operands);
  const added = graph.constant(`${stem}_biases`, element, [biases.length], biases);
  return { tensor: graph.node('Add', `${stem}_sums`, [products, added]), element, largest };
}

/** The lowest bit of a whole number: 4 of 12. */
const lowestBit = (n: number): number => {
  let bit = 1;
  while (n > 0 && n % (2 * bit) === 0) bit *= 2;
  return bit;
};

/** The type in which sums of products by multipliers are exact, and what is multiplied by, channel by channel. */
function factorsOf({ multipliers, shifts }: Rescale, operands: readonly Whole[]) {
  const channels = shifts.length;
  let largest = 0;
  for (let c = 0; c < channels; c++) {
    const all = multipliers.map((each) => each[c]!);
    const unit = Math.min(...all.filter((m) => m > 0).map(lowestBit));
    const sum = all.reduce((total, m, i) => total + (m * operands[i]!.largest) / unit, 0);
    largest = Math.max(largest, sum, ...all.map((m) => m / unit));
  }
  const factors = multipliers.map((each) => Float64Array.from(shifts, (shift, c) => each[c]! / 2 ** shift));
  return { element: holding(largest), factors };
}

export interface RescaleOptions {
  /** Axes behind that of the channels: 2 for an image NCHW. */
  behind?: number;
  /** Where q begins to count: the result is q - base. */
  base?: number;
}

/**
 * Brings sums to another grid, and through the table of a function where there is one.
 * @param operands as many as the rescale has; channels last, but for those behind
 * @returns q - base
 */
export function rescaled(
  graph: Graph,
  stem: string,
  by: Rescale,
  operands: readonly Whole[],
  { behind = 0, base = by.table ? -codeHalf : 0 }: RescaleOptions = {},
): Whole {
  const [first] = by.multipliers;
  // Alike, they are multiplied together: fewer operators.
  if (operands.length > 1 && by.multipliers.every((each) => each.every((m, c) => m === first![c]))) {
    const sum = operands.reduce((a, b) => plus(graph, `${stem}_added`, a, b));
    return rescaled(graph, stem, { ...by, multipliers: [first!] }, [sum], { behind, base });
  }
  const { element, factors } = factorsOf(by, operands);
  const dims = by.shifts.length === 1 ? [] : [by.shifts.length, ...Array<number>(behind).fill(1)];
  const multiplied = operands.map((operand, i) => {
    const tensor = cast(graph, stem, operand, element);
    if (factors[i]!.every((factor) => factor === 1)) return tensor;
    const factor = graph.constant(`${stem}_factor`, element, dims, factors[i]!);
    return graph.node('Mul', `${stem}_multiplied`, [tensor, factor]);
  });
  let q = multiplied.reduce((a, b) => graph.node('Add', `${stem}_added`, [a, b]));
  if (!factors.every((each) => each.every(Number.isInteger))) q = graph.node('Round', `${stem}_rounded`, [q]);
  const zero = by.zeroPoint - base;
  if (zero !== 0)
    q = graph.node('Add', `${stem}_moved`, [q, graph.constant(`${stem}_zero_point`, element, [], [zero])]);
  const [low, high] = [by.low - base, by.high - base];
  const ends = [low, high].map((end, i) =>
    graph.constant(`${stem}_${i ? 'high' : 'low'}`, element, [], [end]),
  );
  const tensor = graph.node('Clip', `${stem}_clipped`, [q, ...ends]);
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const whole: Whole = { tensor, element, largest };
  if (by.table) return lookedUp(graph, `${stem}_table`, by.table, whole);
  const kept: Whole = { ...whole, tensor: cast(graph, stem, whole, 'float32'), element: 'float32' };
  return holding(largest) === element ? whole : kept;
}

/** The values of a table at all codes, which begin at 0. */
function stored(graph: Graph, stem: string, table: StepTable): Whole {
  const values = Uint8Array.from({ length: 2 * codeHalf }, (_, i) => stepOf(table, i - codeHalf));
  return { tensor: graph.constant(stem, 'uint8', [values.length], values), element: 'uint8', largest: 255 };
}

/** Entries of a list of whole numbers. @param index whole numbers from 0 */
export function found(graph: Graph, stem: string, list: Whole, index: Whole): Whole {
  const tensor = graph.node('Gather', `${stem}_found`, [list.tensor, cast(graph, stem, index, 'int32')]);
  return { ...list, tensor };
}

/** The values of a table at codes that begin at 0. */
export const lookedUp = (graph: Graph, stem: string, table: StepTable, code: Whole): Whole =>
  found(graph, stem, stored(graph, stem, table), code);

/** What each value of a table is worth, by the code: made once from a byte for each code. */
export const worthOfCodes = (graph: Graph, stem: string, table: StepTable, worth: Int16Array): Whole =>
  entryOf(graph, `${stem}_worth`, worth, stored(graph, `${stem}_table`, table));

/** Entries of a constant list of whole numbers. @param index whole numbers from 0 */
export function entryOf(graph: Graph, stem: string, list: ArrayLike<number>, index: Whole): Whole {
  return found(graph, stem, constant(graph, stem, [list.length], list), index);
}

/** A curve at codes that begin at 0: see onCurve of ../arithmetic.ts. */
export function onCurve(graph: Graph, stem: string, points: Int16Array, code: Whole): Whole {
  const pace = 2 ** curveBits;
  const share = graph.constant(`${stem}_share`, 'float32', [], [1 / pace]);
  const parts = graph.node('Mul', `${stem}_parts`, [cast(graph, stem, code, 'float32'), share]);
  const floor = graph.node('Floor', `${stem}_at`, [parts]);
  const whole: Whole = { tensor: floor, element: 'float32', largest: 255 };
  const at: Whole = { ...whole, tensor: cast(graph, stem, whole, 'int32'), element: 'int32' };
  const start = entryOf(graph, `${stem}_points`, points.subarray(0, -1), at);
  const rises = Int16Array.from(points.subarray(1), (point, i) => point - points[i]!);
  const rise = entryOf(graph, `${stem}_rises`, rises, at);
  // The part of the way is a multiple of 2^-8 below 1, and a rise below 2^15: exact as float32.
  const way = graph.node('Sub', `${stem}_way`, [parts, floor]);
  const climbed = graph.node('Round', `${stem}_climbed`, [
    graph.node('Mul', `${stem}_climb`, [rise.tensor, way]),
  ]);
  const tensor = graph.node('Add', `${stem}_value`, [start.tensor, climbed]);
  return { tensor, element: 'float32', largest: Math.max(...points.map(Math.abs)) };
}
