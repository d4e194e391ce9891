import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BlockFormatName, blockFormats, floatFormats } from '@/catalog/formats';
import { backends, randomFloats, randomStream, startBackend } from '../testing/backends';
import { codes, nearest, positives } from '../testing/formats';
import { expectNoLeak, onEach, read, settings } from '../testing/tensors';
import { quantizeMx } from './index';

const formats = Object.keys(blockFormats) as BlockFormatName[];
const on = () => settings(-1, 1, 4);
const off = () => settings(-1, 1, 0);

/** OCP MX 1.0, section 6.3, in float64: blocks of 32 along the last axis but one. */
function reference(format: BlockFormatName, x: Float32Array, shape: readonly number[]) {
  const { element } = blockFormats[format];
  const { max } = floatFormats[element];
  const table = positives(element);
  const step = max - table.at(-2)!;
  const channels = shape.at(-1)!;
  const length = shape.at(-2)!;
  const blockOf = (i: number) => {
    const row = Math.floor(i / channels);
    const place = row % length;
    return `${row - place} ${Math.floor(place / 32)} ${i % channels}`;
  };
  const blocks = new Map<string, number>();
  x.forEach((value, i) => {
    blocks.set(blockOf(i), Math.max(blocks.get(blockOf(i)) ?? 0, Math.abs(value)));
  });
  // The largest powers of two not above them, by counting.
  const floorLog2 = (value: number) => {
    let exponent = -200;
    while (2 ** (exponent + 1) <= value) exponent++;
    return exponent;
  };
  const q: number[] = [];
  const passes: boolean[] = [];
  x.forEach((value, i) => {
    const greatest = blocks.get(blockOf(i))!;
    const scale = 2 ** Math.max(floorLog2(greatest) - floorLog2(max), -127);
    const scaled = value / scale;
    q.push(Number.isFinite(greatest) ? nearest(element, scaled, table) * scale : Number.NaN);
    passes.push(Math.abs(scaled) < max + step / 2);
  });
  return { q, passes };
}

/** Weights whose blocks differ in size by many powers of two. */
function uneven(size: number, seed: number, widest = 20): Float32Array {
  const next = randomStream(seed);
  return Float32Array.from({ length: size }, () => (2 * next() - 1) * 2 ** (widest * (2 * next() - 1)));
}

const shapes = [
  [1, 1],
  [2, 16],
  [31, 3],
  [32, 4],
  [33, 5],
  [100, 7],
  [3, 3, 1, 8],
  [3, 3, 40, 6],
  [2, 96, 9],
];

describe.each(backends)('quantizeMx on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  describe.each(formats)('to %s', (format) => {
    const { element } = blockFormats[format];
    const { max } = floatFormats[element];

    test('a block that holds the largest value keeps every code, whatever power of two scales it', async () => {
      const values = codes(element).map(({ value }) => value);
      for (const power of [-127, -118, -3, 0, 5, 119]) {
        for (let start = 0; start < values.length; start += 31) {
          const block = [max, ...values.slice(start, start + 31)].map((value) => value * 2 ** power);
          const q = quantizeMx(tf.tensor2d(Float32Array.from(block), [block.length, 1]), on(), format);
          expect([...(await q.data())]).toEqual(block);
        }
      }
    });

    test.each(shapes.map((shape) => [shape]))('random weights of shape %j', async (shape) => {
      const x = uneven(tf.util.sizeFromShape(shape), 17);
      const { q, passes } = reference(format, x, shape);
      const tensor = tf.tensor(x, shape);
      expect([...(await quantizeMx(tensor, on(), format).data())]).toEqual(q);
      const dq = randomFloats(x.length, 4);
      const dx = tf.grad((v: tf.Tensor) => quantizeMx(v, on(), format))(tensor, tf.tensor(dq, shape));
      expect(await read(dx)).toEqual(Array.from(dq, (value, i) => (passes[i] ? value : 0)));
    });

    test('the values of a block beyond the largest saturate and get no gradient', async () => {
      const emax = Math.floor(Math.log2(max));
      const greatest = 2 ** (emax + 1) * (1 - 2 ** -20);
      const x = tf.tensor2d([greatest, -greatest, 1, max], [4, 1]);
      expect(await read(quantizeMx(x, on(), format))).toEqual([max, -max, 1, max]);
      const dx = tf.grad((v: tf.Tensor) => quantizeMx(v, on(), format))(x);
      expect(await read(dx)).toEqual([0, 0, 1, 1]);
    });

    test('a block of zeros stays zero, its signs too', async () => {
      const q = await quantizeMx(tf.tensor2d([0, -0, 0, -0], [2, 2]), on(), format).data();
      expect([...q]).toEqual([0, -0, 0, -0]);
    });

    test('NaN or an infinity makes its block NaN and no other, without a gradient', async () => {
      const x = new Float32Array(80).fill(1);
      x[3] = Number.NaN;
      x[70] = Number.POSITIVE_INFINITY;
      const q = await quantizeMx(tf.tensor2d(x, [80, 1]), on(), format).data();
      expect(Array.from(q, Number.isNaN)).toEqual(Array.from(x, (_, i) => i < 32 || i >= 64));
      const dx = tf.grad((v: tf.Tensor) => quantizeMx(v, on(), format))(tf.tensor2d(x, [80, 1]));
      expect(await read(dx)).toEqual(Array.from(x, (_, i) => (i < 32 || i >= 64 ? 0 : 1)));
    });

    test('the smallest and the largest float32 numbers', async () => {
      const x = Float32Array.of(2 ** -149, 2 ** -130, -(2 ** -126), 3e38, -1e38, 2 ** 127, 2 ** -120, 5e-39);
      for (const shape of [
        [8, 1],
        [1, 8],
        [2, 4],
      ]) {
        const q = await quantizeMx(tf.tensor(x, shape), on(), format).data();
        expect([...q]).toEqual(reference(format, x, shape).q);
      }
    });
  });

  test('mode 0 passes x and its gradient through', async () => {
    const x = tf.tensor2d([-1e30, -0.3, 0, 0.25, 1e-20, 5e8], [3, 2]);
    const dq = tf.tensor2d([1, -2, 3, 4, 5, 6], [3, 2]);
    expect(await read(quantizeMx(x, off(), 'mxfp4'))).toEqual(await read(x));
    const dx = tf.grad((v: tf.Tensor) => quantizeMx(v, off(), 'mxfp4'))(x, dq);
    expect(await read(dx)).toEqual([1, -2, 3, 4, 5, 6]);
  });

  test('nothing is left behind', () => {
    const x = tf.tensor2d(randomFloats(350, 1), [50, 7]);
    expectNoLeak(() => quantizeMx(x, on(), 'mxfp8'));
    expectNoLeak(() => tf.grad((v: tf.Tensor) => quantizeMx(v, on(), 'mxfp8'))(x));
  });

  test('a tensor without input channels is refused in a sentence', () => {
    expect(() => quantizeMx(tf.zeros([3]), on(), 'mxfp4')).toThrow(
      'Blocks run along the input channels, but the tensor has the shape [3].',
    );
  });
});

test.each(formats)('all backends give the same bits for %s', async (format) => {
  const x = uneven(64 * 300, 31, 60);
  const compute = async () => {
    const q = quantizeMx(tf.tensor2d(x, [300, 64]), on(), format);
    return [...new Int32Array(Float32Array.from(await q.data()).buffer)];
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
