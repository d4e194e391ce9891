/** The operations in WebAssembly against their plain loops, to the bit, on random shapes and integers. */
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { codeHalf } from '@/quant/fixedPoint';
import { IntegerEngine, quantizeInput } from '../engine';
import type { Op, Products, Windows } from '../ops';
import { opKindOf, opKinds } from '../ops';
import type { Program, Rescale, StepTable, Value, Weights } from '../program';
import { Vectors } from './index';

const volume = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

const plainValue = (name: string, shape: readonly number[], zeroPoint: number): Value => ({
  name,
  layer: name,
  shape,
  bits: 32,
  grid: { scale: 1, zeroPoint, qmin: -(2 ** 31), qmax: 2 ** 31 - 1 },
});

const weightsOf = (shape: readonly number[], values: ArrayLike<number>): Weights => ({
  name: 'weights',
  layer: 'layer',
  shape,
  bits: 8,
  encoding: 'twos',
  values: Int16Array.from(values),
  packed: new Uint8Array(),
  scales: Float32Array.of(1),
});

/** Numbers of a kind: bytes, signed bytes, few, the ends of what 16 bits hold, any. */
const kinds = {
  unsigned: fc.integer({ min: 0, max: 255 }),
  signed: fc.integer({ min: -128, max: 127 }),
  sparse: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -128, max: 255 }) },
  ),
  extreme: fc.constantFrom(-32768, -32767, -1, 0, 1, 32767),
  any: fc.integer(),
};
type Kind = keyof typeof kinds;
const numbers = (count: number, kind: Kind) => fc.array(kinds[kind], { minLength: count, maxLength: count });
const kindOf = fc.constantFrom<Kind>('unsigned', 'signed', 'sparse', 'extreme');
const between = (min: number, max: number) => fc.integer({ min, max });
const size = (most: number) => between(1, most);
const zero = between(0, 255);

/** A step table with values of bytes. */
const tables: fc.Arbitrary<StepTable> = fc
  .tuple(
    fc.uniqueArray(between(1 - codeHalf, codeHalf - 1), { maxLength: 40 }),
    fc.array(zero, { minLength: 41, maxLength: 41 }),
  )
  .map(([starts, values]) => {
    const sorted = Int16Array.from([-codeHalf, ...starts]).sort();
    return { function: 'tanh', starts: sorted, values: Uint8Array.from(values.slice(0, sorted.length)) };
  });

/** Any multiplier, one of a float32's 24 bits, the ends. */
const multiplier = fc.oneof(
  between(0, 2 ** 31 - 1),
  between(0, 2 ** 24 - 1).map((m) => m * 2 ** 7),
  fc.constantFrom(0, 1, 2 ** 30, 2 ** 31 - 1),
);

/** Any rescaling to a grid of bytes, through a table or not. */
function rescales(operands: number, channels: number): fc.Arbitrary<Rescale> {
  return fc.boolean().chain((single) => {
    const count = single ? 1 : channels;
    // Of 24 bits all of them, or each as it comes.
    const multipliers = fc.oneof(
      fc.array(multiplier, { minLength: count, maxLength: count }),
      fc.array(
        between(0, 2 ** 24 - 1).map((m) => m * 2 ** 7),
        { minLength: count, maxLength: count },
      ),
    );
    return fc
      .record({
        multipliers: fc.array(multipliers, { minLength: operands, maxLength: operands }),
        shifts: fc.array(between(1, 62), { minLength: count, maxLength: count }),
        ends: fc.tuple(zero, zero, zero),
        table: fc.option(tables, { nil: undefined }),
      })
      .map(({ multipliers, shifts, ends: [zeroPoint, a, b], table }) => ({
        multipliers: multipliers.map((each) => Int32Array.from(each)),
        shifts: Int32Array.from(shifts),
        ...(table
          ? { zeroPoint: 0, low: -codeHalf, high: codeHalf - 1, table }
          : { zeroPoint, low: Math.min(a, b), high: Math.max(a, b) }),
      }));
  });
}

/** A rescaling to a fixed-point grid, by a factor between 2^-shift and twice that. */
const toLimit = (operands: number, limit: number, shifts: fc.Arbitrary<number>): fc.Arbitrary<Rescale> =>
  fc
    .tuple(fc.array(between(2 ** 30, 2 ** 31 - 1), { minLength: operands, maxLength: operands }), shifts)
    .map(([multipliers, shift]) => ({
      multipliers: multipliers.map((multiplier) => Int32Array.of(multiplier)),
      shifts: Int32Array.of(30 + shift),
      zeroPoint: 0,
      low: -limit,
      high: limit - 1,
    }));

interface Case {
  op: Op;
  program: Program;
  /** Integers of the values that are read: all but the output. */
  read: readonly Int32Array[];
}

/** A case of an operation that reads values 0 and on and writes the last one but `scratch`. */
function caseOf(
  op: Op,
  shapes: readonly (readonly number[])[],
  zeros: readonly number[],
  read: readonly ArrayLike<number>[],
  weights: readonly Weights[] = [],
): Case {
  const program: Program = {
    values: shapes.map((shape, i) => plainValue(`value${i}`, shape, zeros[i] ?? 0)),
    weights,
    ops: [op],
    input: 0,
    output: op.output,
    outputs: {},
    floats: [],
  };
  return { op, program, read: read.map((each) => Int32Array.from(each)) };
}

const windowsOf = (padded: boolean) =>
  fc
    .record({
      height: size(9),
      width: size(9),
      channels: size(19),
      kernel: fc.tuple(size(4), size(4)),
      stride: fc.tuple(size(3), size(3)),
      pad: fc.tuple(between(0, 2), between(0, 2)),
      below: fc.tuple(between(0, 2), between(0, 2)),
    })
    .map(({ below, ...rest }): Windows => {
      if (!padded) {
        const kernel = [Math.min(rest.kernel[0], rest.height), Math.min(rest.kernel[1], rest.width)] as const;
        const out = (axis: 0 | 1, length: number) =>
          Math.floor((length - kernel[axis]) / rest.stride[axis]) + 1;
        const [outHeight, outWidth] = [out(0, rest.height), out(1, rest.width)];
        return { ...rest, kernel, pad: [0, 0], outHeight, outWidth };
      }
      const out = (axis: 0 | 1, length: number) =>
        Math.max(
          1,
          Math.floor((length + rest.pad[axis] + below[axis] - rest.kernel[axis]) / rest.stride[axis]) + 1,
        );
      return { ...rest, outHeight: out(0, rest.height), outWidth: out(1, rest.width) };
    });

const layer = { layer: 'layer', input: 0 };

/** A product of `units` channels out of x, with random integers of every kind. */
function productCase(
  inputs: readonly number[],
  weights: readonly number[],
  outputs: readonly number[],
  opOf: (products: Products) => Op,
): fc.Arbitrary<Case> {
  const units = outputs.at(-1)!;
  return fc
    .tuple(kindOf, kindOf, zero)
    .chain(([ofX, ofW, zeroPoint]) =>
      fc
        .tuple(
          numbers(volume(inputs), ofX),
          numbers(volume(weights), ofW),
          numbers(units, 'any'),
          fc.option(rescales(1, units), { nil: undefined }),
        )
        .map(([x, w, biases, rescale]) =>
          caseOf(
            opOf({ weights: 0, biases: Int32Array.from(biases), ...(rescale ? { rescale } : {}) }),
            [inputs, outputs],
            [ofX === 'extreme' ? 0 : zeroPoint],
            [x],
            [weightsOf(weights, w)],
          ),
        ),
    );
}

const image = ({ height, width, channels }: Windows) => [height, width, channels];

const cases: Record<string, fc.Arbitrary<Case>> = {
  dense: fc.tuple(size(5), size(40), size(41)).chain(([rows, features, units]) =>
    productCase([rows, features], [features, units], [rows, units], (products) => ({
      ...{ ...layer, ...products, output: 1, kind: 'dense', rows, features, units },
    })),
  ),
  conv2d: fc
    .tuple(windowsOf(true), size(21))
    .chain(([windows, filters]) =>
      productCase(
        image(windows),
        [...windows.kernel, windows.channels, filters],
        [windows.outHeight, windows.outWidth, filters],
        (products) => ({ ...layer, ...windows, ...products, output: 1, kind: 'conv2d', filters }),
      ),
    ),
  depthwiseConv2d: windowsOf(true).chain((windows) =>
    productCase(
      image(windows),
      [...windows.kernel, windows.channels],
      [windows.outHeight, windows.outWidth, windows.channels],
      (products) => ({ ...layer, ...windows, ...products, output: 1, kind: 'depthwiseConv2d' }),
    ),
  ),
  maxPool2d: windowsOf(false).chain((windows) =>
    numbers(volume(image(windows)), 'any').map((x) =>
      caseOf(
        { ...layer, ...windows, output: 1, kind: 'maxPool2d' },
        [image(windows), [windows.outHeight, windows.outWidth, windows.channels]],
        [],
        [x],
      ),
    ),
  ),
  averagePool: windowsOf(false).chain((windows) =>
    fc
      .tuple(numbers(volume(image(windows)), 'unsigned'), zero, rescales(1, windows.channels))
      .map(([x, zeroPoint, rescale]) =>
        caseOf(
          { ...layer, ...windows, output: 1, kind: 'averagePool', rescale },
          [image(windows), [windows.outHeight, windows.outWidth, windows.channels]],
          [zeroPoint],
          [x],
        ),
      ),
  ),
  add: fc.tuple(size(9), size(9)).chain(([rows, channels]) =>
    fc
      .tuple(
        numbers(rows * channels, 'unsigned'),
        fc.oneof(numbers(rows * channels, 'extreme'), numbers(rows * channels, 'unsigned')),
        fc.tuple(zero, zero),
        rescales(2, channels),
      )
      .map(([a, b, zeros, rescale]) =>
        caseOf(
          { ...layer, skipped: 1, output: 2, kind: 'add', rescale },
          [
            [rows, channels],
            [rows, channels],
            [rows, channels],
          ],
          zeros,
          [a, b],
        ),
      ),
  ),
  positions: fc.tuple(size(9), size(9)).chain(([rows, channels]) =>
    fc
      .tuple(
        numbers(rows * channels, 'unsigned'),
        numbers(rows * channels, 'signed'),
        zero,
        rescales(2, channels),
      )
      .map(([x, w, zeroPoint, rescale]) =>
        caseOf(
          { ...layer, output: 1, kind: 'positions', weights: 0, rescale },
          [
            [rows, channels],
            [rows, channels],
          ],
          [zeroPoint],
          [x],
          [weightsOf([rows, channels], w)],
        ),
      ),
  ),
  embedding: fc
    .tuple(size(9), size(9), size(12))
    .chain(([rows, channels, symbols]) =>
      fc
        .tuple(
          fc.array(between(0, symbols - 1), { minLength: rows, maxLength: rows }),
          numbers(symbols * channels, 'signed'),
          numbers(rows * channels, 'signed'),
          rescales(2, channels),
        )
        .map(([x, table, w, rescale]) =>
          caseOf(
            { ...layer, output: 1, kind: 'embedding', weights: 0, positions: 1, rescale },
            [[rows], [rows, channels]],
            [],
            [x],
            [weightsOf([symbols, channels], table), weightsOf([rows, channels], w)],
          ),
        ),
    ),
  layerNorm: fc.tuple(size(4), size(70)).chain(([rows, features]) =>
    fc
      .tuple(
        fc.oneof(
          numbers(rows * features, 'unsigned'),
          fc.constant(new Array<number>(rows * features).fill(7)),
        ),
        fc.array(between(1 - 2 ** 15, 2 ** 15 - 1), { minLength: features, maxLength: features }),
        fc.array(between(1 - 2 ** 30, 2 ** 30 - 1), { minLength: features, maxLength: features }),
        zero,
        fc.oneof(fc.constantFrom(0, 2 ** 30), between(0, 2 ** 20)),
        rescales(1, 1),
      )
      .map(([x, gamma, beta, zeroPoint, epsilon, rescale]) =>
        caseOf(
          {
            ...{ ...layer, output: 1, kind: 'layerNorm', features, epsilon, rescale },
            ...{ gamma: Int32Array.from(gamma), beta: Int32Array.from(beta) },
          },
          [
            [rows, features],
            [rows, features],
          ],
          [zeroPoint],
          [x],
        ),
      ),
  ),
  attention: fc.tuple(size(37), size(4), size(19)).chain(([positions, heads, depth]) => {
    const features = heads * depth;
    const x = numbers(positions * features, 'unsigned');
    return fc
      .record({
        read: fc.tuple(x, x, x),
        zeros: fc.tuple(zero, zero, zero),
        scores: toLimit(1, 2 ** 15, between(0, 12)),
        exponentials: fc.array(between(0, 2 ** 15), { maxLength: 300 }),
        shares: toLimit(1, 256, between(4, 12)),
        zeroOfShares: zero,
        rescale: rescales(1, 1),
        causal: fc.boolean(),
      })
      .map(({ read, zeros, exponentials, zeroOfShares, shares, ...rest }) =>
        caseOf(
          {
            ...{ ...layer, ...rest, kind: 'attention', keys: 1, values: 2, output: 3, scratch: 4 },
            ...{ positions, features, heads },
            exponentials: Uint16Array.from([2 ** 15, ...exponentials]),
            shares: { ...shares, zeroPoint: zeroOfShares, low: 0 },
            softmax: { scale: 1, zeroPoint: zeroOfShares, qmin: 0, qmax: 255 },
          },
          [...new Array<number[]>(4).fill([positions, features]), [positions]],
          zeros,
          read,
        ),
      );
  }),
  gru: recurrentCase('gru'),
  lstm: recurrentCase('lstm'),
};

function recurrentCase(kind: 'gru' | 'lstm'): fc.Arbitrary<Case> {
  const gates = kind === 'gru' ? 3 : 4;
  return fc
    .tuple(size(6), size(20), size(20), fc.boolean())
    .chain(([positions, features, units, sequence]) => {
      const width = gates * units;
      const shape = sequence ? [positions, units] : [units];
      const codes = (operands: number) =>
        toLimit(operands, codeHalf, between(0, 3)).chain((by) => tables.map((table) => ({ ...by, table })));
      const curve = fc.array(between(-(2 ** 13), 2 ** 13), { minLength: 257, maxLength: 257 });
      return fc
        .record({
          x: numbers(positions * features, 'unsigned'),
          zeros: fc.tuple(zero, zero),
          inputs: numbers(features * width, 'signed'),
          recurrent: numbers(units * width, 'signed'),
          biases: fc.tuple(numbers(width, 'extreme'), numbers(width, 'extreme')),
          parts: fc.tuple(toLimit(1, 2 ** 17, between(0, 6)), toLimit(1, 2 ** 17, between(0, 6))),
          worth: fc.array(between(-(2 ** 12), 2 ** 12), { minLength: 256, maxLength: 256 }),
          sigmoid: codes(2),
          argument: codes(kind === 'gru' ? 1 : 2),
          curveCodes: toLimit(kind === 'gru' ? 2 : 1, codeHalf, between(0, 4)),
          curve,
          cell: toLimit(1, 2 ** 17, between(10, 14)),
          rescale: rescales(kind === 'gru' ? 2 : 1, 1),
        })
        .map((each) => {
          const products = (weights: 0 | 1): Products => ({
            weights,
            biases: Int32Array.from(each.biases[weights]),
            rescale: each.parts[weights],
          });
          const common = {
            ...{ ...layer, output: 1, scratch: 2, positions, features, units, sequence },
            ...{ inputs: products(0), recurrent: products(1), worth: Int16Array.from(each.worth) },
            gates: { scale: 1, zeroPoint: 0, qmin: 0, qmax: 255 },
            ...{ sigmoid: each.sigmoid, candidate: each.argument, rescale: each.rescale },
          };
          const points = Int16Array.from(each.curve);
          return caseOf(
            kind === 'gru'
              ? { ...common, kind, resetCodes: each.curveCodes, reset: points }
              : { ...common, kind, cell: each.cell, cellCodes: each.curveCodes, cellTanh: points },
            [[positions, features], shape, [(2 * gates + 1) * units]],
            each.zeros,
            [each.x],
            [weightsOf([features, width], each.inputs), weightsOf([units, width], each.recurrent)],
          );
        });
    });
}

/** What the plain loops give for one example. */
function plainly({ op, program, read }: Case): Int32Array {
  const memory = program.values.map(({ shape }, i) => read[i] ?? new Int32Array(volume(shape)));
  opKindOf(op).evaluate(op, program, memory);
  return memory[op.output]!;
}

/** The same numbers in another order: another example of a case. */
const turned = (numbers: Int32Array, by: number): Int32Array =>
  numbers.map((_, i) => numbers[(i + by * 7) % numbers.length]!);

/** Examples of a case: what it reads, turned. */
const examplesOf = (each: Case, count: number): Case[] =>
  Array.from({ length: count }, (_, example) => ({
    ...each,
    read: each.read.map((numbers) => turned(numbers, example)),
  }));

afterEach(() => vi.unstubAllGlobals());

/** Batches of one, of an odd number, of more than are worked on at once. */
const batches = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 2, 3, 5, 7) },
  { weight: 1, arbitrary: fc.constantFrom(17, 67) },
);

test.each(Object.entries(cases))(
  '%s is the plain loop, to the bit, for each example of a batch, whatever was computed before',
  (_kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, batches, fc.boolean(), (each, batch, full) => {
        const { op, program } = each;
        const count = full ? batch : Math.ceil(batch / 2);
        const examples = examplesOf(each, count);
        const vectors = Vectors.make(program, batch)!;
        const step = opKindOf(op).prepare(op, program, vectors);
        for (const again of [0, 1]) {
          for (const value of vectors.values) value.fill(again === 0 ? -1 : 77);
          for (const i of each.read.keys())
            vectors.values[i]!.set(examples.flatMap(({ read }) => [...read[i]!]));
          expect(step(count)).toBe(true);
          const found = vectors.values[op.output]!;
          const expected = examples.flatMap((example) => [...plainly(example)]);
          expect([...found.subarray(0, expected.length)]).toEqual(expected);
        }
      }),
      { numRuns: 200 },
    );
  },
);

/** Products of -3. */
const one = (x: number, more: readonly number[] = []): Case =>
  caseOf(
    {
      ...{ ...layer, output: 1, kind: 'dense', weights: 0, rows: 1, features: 1, units: 1 },
      biases: Int32Array.of(5),
    },
    [[1], [1]],
    [1],
    [[x, ...more]],
    [weightsOf([1, 1], [-3])],
  );

test.each([
  [32768, true],
  [32769, false],
  [-32767, true],
  [-32768, false],
  [2 ** 31 - 1, false],
  [-(2 ** 31), false],
])('an operand of 16 bits goes by SIMD, others by the plain loop: %i', (x, fits) => {
  // Beside others in a vector of eight, and after one.
  for (const before of [0, 3, 15]) {
    const { program, read } = one(7, [...new Array<number>(before).fill(7), x]);
    const engine = new IntegerEngine(program, { batch: 20 });
    const spy = vi.spyOn(opKinds.dense, 'evaluate');
    const found = engine.run(read[0]!);
    expect([...found]).toEqual([...read[0]!].map((each) => (-3 * (each - 1) + 5) | 0));
    expect(spy).toHaveBeenCalledTimes(fits ? 0 : before + 2);
    spy.mockRestore();
  }
});

test('numbers are rounded to the grid of the input, to the bit', () => {
  const grids = fc.record({
    scale: fc.float({ min: 2 ** -20, max: 2 ** 10, noNaN: true }),
    zeroPoint: zero,
    ends: fc.tuple(zero, zero),
  });
  const floats = fc.oneof(
    fc.float({ noNaN: true }),
    fc.float({ min: -1, max: 1, noNaN: true }),
    // Ties of a grid in halves.
    between(-40, 40).map((steps) => steps / 8),
  );
  fc.assert(
    fc.property(grids, fc.array(floats, { minLength: 1, maxLength: 20 }), (grid, numbers) => {
      const { scale, zeroPoint, ends } = grid;
      const [qmin, qmax] = [Math.min(...ends), Math.max(...ends)];
      const { program } = one(0);
      const value = { ...program.values[0]!, bits: 8, grid: { scale, zeroPoint, qmin, qmax } };
      const rounding = { ...program, values: [value], ops: [], output: 0 };
      const x = Float32Array.from(numbers);
      const engine = new IntegerEngine(rounding, { batch: numbers.length });
      expect([...engine.runNumbers(x)]).toEqual([...quantizeInput(rounding, x)]);
    }),
    { numRuns: 500 },
  );
});

test('any number of examples runs in batches, one after the other', () => {
  const { program } = one(0);
  const engine = new IntegerEngine(program, { batch: 3 });
  const found: number[][] = [];
  engine.runAll(Float32Array.of(1, 2, 3, 4, 5, 6, 7), (logits, at, ...rest) =>
    found.push([logits[at]!, ...rest]),
  );
  expect(found).toEqual([
    [5, 0, 0],
    [2, 1, 1],
    [-1, 2, 2],
    [-4, 3, 0],
    [-7, 4, 1],
    [-10, 5, 2],
    [-13, 6, 0],
  ]);
});

test('where the module does not compile, the engine runs without it', async () => {
  const { program, read } = one(7, [8, 9]);
  expect(new IntegerEngine(program).simd).toBe(true);
  expect(new IntegerEngine(program, { simd: false }).simd).toBe(false);
  vi.resetModules();
  vi.stubGlobal('WebAssembly', {
    Module: class {
      constructor() {
        throw new Error('no SIMD');
      }
    },
  });
  const engine = new (await import('../engine')).IntegerEngine(program, { batch: 3 });
  expect(engine.simd).toBe(false);
  expect([...engine.run(read[0]!)]).toEqual([-13, -16, -19]);
});
