/** Sums of products by SIMD against the plain loops, to the bit. */
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { IntegerEngine } from './engine';
import type { Op, Windows } from './ops';
import { opKindOf } from './ops';
import type { Program, Value, Weights } from './program';
import { Vectors } from './vectors';

const plainValue = (name: string, shape: readonly number[], zeroPoint: number): Value => ({
  name,
  layer: name,
  shape,
  bits: 32,
  grid: { scale: 1, zeroPoint, qmin: -(2 ** 31), qmax: 2 ** 31 - 1 },
});

const weightsOf = (shape: readonly number[], values: Int16Array): Weights => ({
  name: 'weights',
  layer: 'layer',
  shape,
  bits: 8,
  encoding: 'twos',
  values,
  packed: new Uint8Array(),
  scales: Float32Array.of(1),
});

/** Numbers of a kind: bytes, signed bytes, few, the ends of what 16 bits hold. */
const kinds = {
  unsigned: fc.integer({ min: 0, max: 255 }),
  signed: fc.integer({ min: -128, max: 127 }),
  sparse: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -128, max: 255 }) },
  ),
  extreme: fc.constantFrom(-32768, -32767, -1, 0, 1, 32767),
};
const numbers = (count: number, kind: keyof typeof kinds) =>
  fc.array(kinds[kind], { minLength: count, maxLength: count });

const size = (most: number) => fc.integer({ min: 1, max: most });

interface Case {
  op: Op;
  program: Program;
  x: Int32Array;
}

const windowsOf = fc
  .record({
    height: size(9),
    width: size(9),
    channels: size(19),
    kernel: fc.tuple(size(4), size(4)),
    stride: fc.tuple(size(3), size(3)),
    pad: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
    below: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
  })
  .map(({ below, ...rest }): Windows => {
    const out = (axis: 0 | 1, length: number) =>
      Math.max(
        1,
        Math.floor((length + rest.pad[axis] + below[axis] - rest.kernel[axis]) / rest.stride[axis]) + 1,
      );
    return { ...rest, outHeight: out(0, rest.height), outWidth: out(1, rest.width) };
  });

const common = { layer: 'layer', input: 0, output: 1, weights: 0 };

/** A product of `units` channels out of x, with random integers of every kind. */
function caseOf(
  inputs: readonly number[],
  weights: readonly number[],
  outputs: readonly number[],
  opOf: (biases: Int32Array) => Op,
): fc.Arbitrary<Case> {
  const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const kind = fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[]));
  return fc.tuple(kind, kind, fc.integer({ min: 0, max: 255 })).chain(([ofX, ofW, zero]) =>
    fc
      .tuple(
        numbers(count(inputs), ofX),
        numbers(count(weights), ofW),
        fc.array(fc.integer(), { minLength: outputs.at(-1)!, maxLength: outputs.at(-1)! }),
      )
      .map(([x, w, biases]) => {
        const zeroPoint = ofX === 'extreme' ? 0 : zero;
        const program: Program = {
          values: [plainValue('input', inputs, zeroPoint), plainValue('output', outputs, 0)],
          weights: [weightsOf(weights, Int16Array.from(w))],
          ops: [],
          input: 0,
          output: 1,
          outputs: {},
          floats: [],
        };
        return { op: opOf(Int32Array.from(biases)), program, x: Int32Array.from(x) };
      }),
  );
}

const denseCase = fc.tuple(size(5), size(40), size(41)).chain(([rows, features, units]) =>
  caseOf([rows, features], [features, units], [rows, units], (biases) => ({
    ...{ ...common, kind: 'dense', rows, features, units, biases },
  })),
);
const convCase = fc
  .tuple(windowsOf, size(21))
  .chain(([windows, filters]) =>
    caseOf(
      [windows.height, windows.width, windows.channels],
      [...windows.kernel, windows.channels, filters],
      [windows.outHeight, windows.outWidth, filters],
      (biases) => ({ ...common, ...windows, kind: 'conv2d', filters, biases }),
    ),
  );
const depthwiseCase = windowsOf.chain((windows) =>
  caseOf(
    [windows.height, windows.width, windows.channels],
    [...windows.kernel, windows.channels],
    [windows.outHeight, windows.outWidth, windows.channels],
    (biases) => ({ ...common, ...windows, kind: 'depthwiseConv2d', biases }),
  ),
);

function outputOf({ op, program, x }: Case, vectors?: Vectors): Int32Array {
  const memory = [x, new Int32Array(program.values[1]!.shape.reduce((a, b) => a * b, 1))];
  opKindOf(op).evaluate(op, program, memory, vectors);
  return memory[1]!;
}

afterEach(() => vi.unstubAllGlobals());

test.each([
  ['dense', denseCase],
  ['conv2d', convCase],
  ['depthwiseConv2d', depthwiseCase],
])('%s by SIMD is the plain loop, to the bit, whatever was computed before', (_kind, cases) => {
  const vectors = Vectors.make()!;
  const used = [vi.spyOn(vectors, 'products'), vi.spyOn(vectors, 'channelProducts')];
  fc.assert(
    fc.property(cases, (each) => {
      expect(outputOf(each, vectors)).toEqual(outputOf(each));
    }),
    { numRuns: 300 },
  );
  const results = used.flatMap((spy) => spy.mock.results);
  expect(results.length).toBeGreaterThanOrEqual(300);
  expect(results.every(({ value }) => value !== undefined)).toBe(true);
});

const one = (x: number): Case => ({
  op: { ...common, kind: 'dense', rows: 1, features: 1, units: 1, biases: Int32Array.of(5) },
  program: {
    values: [plainValue('input', [1], 1), plainValue('output', [1], 0)],
    weights: [weightsOf([1, 1], Int16Array.of(-3))],
    ops: [],
    input: 0,
    output: 1,
    outputs: {},
    floats: [],
  },
  x: Int32Array.of(x),
});

test.each([
  [32768, true],
  [32769, false],
  [-32767, true],
  [-32768, false],
  [2 ** 31 - 1, false],
  [-(2 ** 31), false],
])('an operand of 16 bits goes by SIMD, others by the plain loop: %i', (x, fits) => {
  const vectors = Vectors.make()!;
  const spy = vi.spyOn(vectors, 'products');
  const [found] = outputOf(one(x), vectors);
  expect(found).toBe((-3 * (x - 1) + 5) | 0);
  expect(spy.mock.results[0]!.value !== undefined).toBe(fits);
});

test('where the module does not compile, the engine runs without it', async () => {
  const { op, program, x } = one(7);
  const whole = { ...program, ops: [op] };
  expect(new IntegerEngine(whole).simd).toBe(true);
  expect(new IntegerEngine(whole, { simd: false }).simd).toBe(false);
  vi.resetModules();
  vi.stubGlobal('WebAssembly', {
    Module: class {
      constructor() {
        throw new Error('no SIMD');
      }
    },
  });
  const engine = new (await import('./engine')).IntegerEngine(whole);
  expect(engine.simd).toBe(false);
  expect([...engine.run(x)]).toEqual([-13]);
});
