/**
 * Whole numbers in ONNX Runtime against the integer engine's arithmetic, which ../arithmetic.test.ts holds to big integers; and
 * how often float32 would round otherwise.
 */
import * as ort from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { randomStream } from '@/kernels/testing/arrays';
import { argumentStep, codeHalf, partGrid } from '@/quant/fixedPoint';
import { factorOf, onCurve as pointOn, rescale, rescaleTo, stepOf } from '../arithmetic';
import type { Grid } from '../program';
import { curveOf, fixedGrid, tableOf } from '../tables';
import { Graph } from './graph';
import { encodeModel } from './model';
import { cast, lookedUp, onCurve, rescaled, type Whole } from './whole';

/** What a graph makes of whole numbers, laid out in rows of `columns`. */
async function run(
  operands: readonly Int32Array[],
  columns: number,
  largest: number,
  make: (graph: Graph, operands: readonly Whole[]) => Whole,
): Promise<number[]> {
  ort.env.wasm.numThreads = 1;
  const graph = new Graph();
  const inputs = operands.map((_, i) => graph.name(`v${i}`));
  const wholes = inputs.map((tensor) => ({ tensor, element: 'float64' as const, largest }));
  const made = make(graph, wholes);
  const result = { ...made, tensor: cast(graph, 'result', made, 'float64') };
  graph.nodes.push({ type: 'Identity', inputs: [result.tensor], outputs: ['y'] });
  const port = (name: string) => ({ name, element: 'float64' as const, dims: ['N', columns] });
  const bytes = encodeModel({
    ir: 8,
    opsets: { '': 17 },
    name: 'whole',
    inputs: inputs.map(port),
    outputs: [port('y')],
    nodes: graph.nodes,
    tensors: graph.tensors,
    notes: {},
  });
  const session = await ort.InferenceSession.create(bytes);
  const dims = [operands[0]!.length / columns, columns];
  const feeds = inputs.map((name, i) => [
    name,
    new ort.Tensor('float64', Float64Array.from(operands[i]!), dims),
  ]);
  const { y } = await session.run(Object.fromEntries(feeds));
  await session.release();
  // Without minus zeros.
  return Array.from(y!.data as Float64Array, (number) => number + 0);
}

const channels = 50;
const count = 100_000;
const random = randomStream(5);
const between = (low: number, high: number) => low + (high - low) * random();
const integers = (limit: number) =>
  Int32Array.from({ length: count }, () => Math.round(between(-limit, limit)));

/** The same in float32, where QuantizeLinear computes: how many differ. */
const differInFloat32 = (
  sums: Int32Array,
  factors: readonly number[],
  grid: Grid,
  exact: readonly number[],
) =>
  exact.filter((q, i) => {
    const product = Math.fround(sums[i]! * factors[i % channels]!);
    const below = Math.floor(product);
    const rest = product - below;
    const rounded = rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
    return Math.min(Math.max(rounded + grid.zeroPoint, grid.qmin), grid.qmax) !== q;
  }).length;

describe.each([
  ['8 bits', { scale: 0.031, zeroPoint: 112, qmin: 0, qmax: 255 }, 200_000, 0],
  ['the parts of gates', fixedGrid(partGrid), 400_000, 47],
])('sums brought to %s', (_, grid, limit, inFloat32) => {
  const scales = Array.from({ length: channels }, () => Math.fround(between(0.00001, 0.00006)));
  const factors = scales.map((scale) => factorOf(0.37, scale, grid.scale));

  test('are the engine’s, where float32 differs now and then', async () => {
    const by = rescaleTo(grid, [factors], false);
    const sums = integers(limit);
    const exact = Array.from(sums, (sum, i) => rescale(by, i % channels, sum) + 0);
    const found = await run([sums], channels, limit, (graph, [sum]) => rescaled(graph, 'q', by, [sum!]));
    expect(found).toEqual(exact);
    expect(new Set(exact).size).toBeGreaterThan(100);
    expect(differInFloat32(sums, factors, grid, exact)).toBe(inFloat32);
  });

  test('from two operands are the engine’s', async () => {
    const by = rescaleTo(grid, [factors, factors.map(() => factorOf(2 ** -9, 1, grid.scale))], true);
    const [a, b] = [integers(limit), integers(2 ** 12)];
    const exact = Array.from(a, (sum, i) => rescale(by, i % channels, sum, b[i]!) + 0);
    const found = await run([a, b], channels, limit, (graph, both) => rescaled(graph, 'q', by, both));
    expect(found).toEqual(exact);
  });
});

/** Every code, from 0. */
const codes = Int32Array.from({ length: 2 * codeHalf }, (_, i) => i);

test('a table and a curve give what the engine reads off them, at every code', async () => {
  const table = tableOf('tanh', argumentStep.tanh, { scale: 1 / 100, zeroPoint: 100, qmin: 0, qmax: 200 });
  const found = await run([codes], 1, 2 * codeHalf, (graph, [code]) => lookedUp(graph, 'tanh', table, code!));
  expect(found).toEqual(Array.from(codes, (code) => stepOf(table, code - codeHalf)));
  const points = curveOf('sigmoid', argumentStep.sigmoid, 13);
  const curved = await run([codes], 1, 2 * codeHalf, (graph, [code]) =>
    onCurve(graph, 'curve', points, code!),
  );
  expect(curved).toEqual(Array.from(codes, (code) => pointOn(points, code - codeHalf)));
});

test('what is alike is written once', () => {
  const graph = new Graph();
  const code = { tensor: 'x', element: 'float32', largest: 2 ** 16 } as const;
  const table = tableOf('tanh', argumentStep.tanh, { scale: 1 / 7, zeroPoint: 8, qmin: 0, qmax: 15 });
  const names = ['gate', 'other gate'].map((stem) => lookedUp(graph, stem, table, code).tensor);
  expect(new Set(names).size).toBe(2);
  expect(graph.tensors.map(({ element, dims }) => [element, dims])).toEqual([['uint8', [2 ** 16]]]);
});
