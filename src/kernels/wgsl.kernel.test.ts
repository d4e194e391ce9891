import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { randomStream, startBackend } from './testing/backends';
import { output, Shader } from './webgpu';
import { exactSquareRoot } from './wgsl';

const binary = (name: string, expression: string, functions = '') =>
  new Shader({
    name,
    tensors: [
      { name: 'result', use: 'out' },
      { name: 'a', use: 'in' },
      { name: 'b', use: 'in' },
      { name: 'c', use: 'in' },
    ],
    uniforms: [],
    code: `${functions}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i < u32(uniforms.aLength)) { result[i] = ${expression}; }
}`,
  });

const divide = binary('testDivide', 'divide(a[i], b[i]) + 0.0 * c[i]');
const squareRoot = binary('testSquareRoot', 'squareRoot(a[i]) + 0.0 * (b[i] + c[i])', exactSquareRoot);
const multiplyAdd = binary('testMultiplyAdd', 'exact(a[i] * b[i]) + c[i]');

beforeAll(() => startBackend('webgpu'));

async function run(shader: Shader, a: Float32Array, b: Float32Array, c: Float32Array): Promise<Float32Array> {
  const backend = tf.backend();
  const info = output(backend, [a.length]);
  shader.runFor(backend, a.length, [info, tf.tensor1d(a), tf.tensor1d(b), tf.tensor1d(c)]);
  return (await tf.engine().makeTensorFromTensorInfo(info).data()) as Float32Array;
}

/** Normal float32 numbers: random signs and mantissas, exponents in [low, high]. */
function normals(size: number, seed: number, low: number, high: number): Float32Array {
  const next = randomStream(seed);
  return Float32Array.from({ length: size }, () => {
    const sign = next() < 0.5 ? -1 : 1;
    return (
      sign * (1 + Math.floor(next() * 2 ** 23) / 2 ** 23) * 2 ** (low + Math.floor(next() * (high - low + 1)))
    );
  });
}

const mantissas = [
  1,
  1 + 2 ** -23,
  1 + 2 ** -22,
  1.25,
  4 / 3,
  1.5,
  1.5 + 2 ** -23,
  1.75,
  2 - 2 ** -22,
  2 - 2 ** -23,
];

test('division is correctly rounded for random normal operands', async () => {
  const size = 40_000;
  const a = normals(size, 1, -60, 60);
  const b = normals(size, 2, -60, 60);
  const quotients = await run(divide, a, b, new Float32Array(size));
  const wrong = a.findIndex((value, i) => quotients[i] !== Math.fround(value / b[i]!));
  expect(wrong).toBe(-1);
});

test('division is correctly rounded for mantissas at the edges and for every small integer', async () => {
  const edges = mantissas.flatMap((m) => [-24, -1, 0, 1, 7, 24].map((e) => Math.fround(m) * 2 ** e));
  const integers = Array.from({ length: 300 }, (_, i) => i + 1);
  const operands = [...edges, ...integers];
  const pairs = operands.flatMap((x) => operands.map((y) => [x, y] as const));
  const a = Float32Array.from(pairs, ([x]) => x);
  const b = Float32Array.from(pairs, ([, y]) => y);
  const quotients = await run(divide, a, b, new Float32Array(a.length));
  const wrong = pairs.findIndex(([x, y], i) => quotients[i] !== Math.fround(x / y));
  expect(wrong, `${pairs[wrong]} gives ${quotients[wrong]}`).toBe(-1);
});

test('division at the ends of the range of normal numbers', async () => {
  const largest = 2 ** 127 * (2 - 2 ** -23);
  const smallest = 2 ** -126;
  const a = Float32Array.of(largest, smallest, 1, largest, smallest, 0);
  const b = Float32Array.of(1, 1, 2 ** 126, largest, smallest, 3);
  const quotients = await run(divide, a, b, new Float32Array(a.length));
  expect([...quotients]).toEqual([largest, smallest, 2 ** -126, 1, 1, 0]);
});

test('a product wrapped in exact() is rounded before it is added to', async () => {
  const size = 20_000;
  const a = normals(size, 3, -3, 3);
  const b = normals(size, 4, -3, 3);
  // Close to -a * b, so that a fused multiply-add would keep only the bits that rounding drops.
  const c = a.map((value, i) => -value * b[i]! * (1 + 2 ** -20));
  const sums = await run(multiplyAdd, a, b, c);
  const wrong = a.findIndex((value, i) => sums[i] !== Math.fround(Math.fround(value * b[i]!) + c[i]!));
  expect(wrong).toBe(-1);
});

test('the square root is correctly rounded for positive normal numbers, and the device’s own elsewhere', async () => {
  const random = normals(40_000, 3, -126, 127).map(Math.abs);
  const squares = Array.from({ length: 300 }, (_, i) => (i + 1) ** 2);
  const edges = mantissas.flatMap((m) =>
    [-126, -125, -24, -1, 0, 1, 2, 7, 127].map((e) => Math.fround(m) * 2 ** e),
  );
  const a = Float32Array.from([...random, ...squares, ...edges, 0, Number.POSITIVE_INFINITY]);
  const roots = await run(squareRoot, a, new Float32Array(a.length), new Float32Array(a.length));
  const wrong = a.findIndex((value, i) => roots[i] !== Math.fround(Math.sqrt(value)));
  expect(wrong, `the root of ${a[wrong]} is ${roots[wrong]}`).toBe(-1);
});
