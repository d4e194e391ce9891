import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FloatFormatName, floatFormats } from '@/catalog/formats';
import { backends, randomFloats, randomStream, startBackend } from '../testing/backends';
import { codes, nearest, positives } from '../testing/formats';
import { expectNoLeak, onEach, params, read, settings } from '../testing/tensors';
import { quantizeFloat } from './index';

const { fround } = Math;
const formats = Object.keys(floatFormats) as FloatFormatName[];

/** The float32 numbers next to a positive one. */
function neighbours(x: number): [below: number, above: number] {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  const at = (b: number) => new Float32Array(Uint32Array.of(b).buffer)[0]!;
  return [at(bits - 1), at(bits + 1)];
}

/** Each pair of neighbours of a format with the point midway; the even code first and last. */
function gaps(format: FloatFormatName): { low: number; high: number; middle: number; even: number }[] {
  const table = positives(format);
  return table.slice(1).map((high, i) => {
    const low = table[i]!;
    return { low, high, middle: (low + high) / 2, even: i % 2 === 0 ? low : high };
  });
}

const on = (format: FloatFormatName, mode = 4) =>
  settings(-floatFormats[format].max, floatFormats[format].max, mode);

/** Rounded at scale 1, with -0 kept apart from 0. */
async function rounded(format: FloatFormatName, values: readonly number[]): Promise<number[]> {
  const q = quantizeFloat(tf.tensor1d(Float32Array.from(values)), params([1]), on(format), format);
  return [...(await q.data())];
}

/** Random magnitudes over all exponents of a format and somewhat beyond, both signs. */
function spread(format: FloatFormatName, size: number, seed: number): Float32Array {
  const next = randomStream(seed);
  const { max, bias, mantissaBits } = floatFormats[format];
  const [low, high] = [-bias - mantissaBits - 2, Math.log2(max) + 2];
  return Float32Array.from(
    { length: size },
    () => (next() < 0.5 ? -1 : 1) * 2 ** (low + (high - low) * next()),
  );
}

async function gradient(
  x: tf.Tensor,
  p: tf.Tensor2D,
  s: tf.Tensor1D,
  format: FloatFormatName,
  dq = tf.onesLike(x),
) {
  return read(tf.grad((v: tf.Tensor) => quantizeFloat(v, p, s, format))(x, dq));
}

describe.each(backends)('quantizeFloat on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  describe.each(formats)('to %s', (format) => {
    const { max } = floatFormats[format];

    test('every code that is a number keeps its value, -0 included', async () => {
      const values = codes(format).map(({ value }) => value);
      expect(await rounded(format, values)).toEqual(values);
    });

    test('midway between two codes the even one is taken, either sign', async () => {
      const all = gaps(format);
      expect(
        await rounded(
          format,
          all.map(({ middle }) => middle),
        ),
      ).toEqual(all.map(({ even }) => even));
      expect(
        await rounded(
          format,
          all.map(({ middle }) => -middle),
        ),
      ).toEqual(all.map(({ even }) => -even));
    });

    test('elsewhere between two codes the nearer one is taken, by a single float32 step', async () => {
      const all = gaps(format);
      const below = all.map(({ middle }) => neighbours(middle)[0]);
      const above = all.map(({ middle }) => neighbours(middle)[1]);
      expect(await rounded(format, below)).toEqual(all.map(({ low }) => low));
      expect(await rounded(format, above)).toEqual(all.map(({ high }) => high));
      expect(
        await rounded(
          format,
          below.map((x) => -x),
        ),
      ).toEqual(all.map(({ low }) => -low));
    });

    test('random values go to the nearest, found by search', async () => {
      const x = spread(format, 5000, 3);
      const table = positives(format);
      expect(await rounded(format, [...x])).toEqual(Array.from(x, (value) => nearest(format, value, table)));
    });

    test('what is beyond the largest value saturates, infinities too; NaN stays NaN', async () => {
      const beyond = [neighbours(max)[1], 1.5 * max, 2 * max, 1e30, Number.POSITIVE_INFINITY];
      expect(await rounded(format, beyond)).toEqual(beyond.map(() => max));
      expect(
        await rounded(
          format,
          beyond.map((x) => -x),
        ),
      ).toEqual(beyond.map(() => -max));
      expect(await rounded(format, [1, Number.NaN, 2, Number.NaN, 1])).toEqual([
        1,
        Number.NaN,
        2,
        Number.NaN,
        1,
      ]);
    });

    test('the smallest float32 numbers become zero of their sign', async () => {
      const tiny = [2 ** -149, 2 ** -127, 2 ** -126, 1e-30];
      expect(await rounded(format, tiny)).toEqual([0, 0, 0, 0]);
      expect(
        await rounded(
          format,
          tiny.map((x) => -x),
        ),
      ).toEqual([-0, -0, -0, -0]);
    });

    test.each([[[1]], [[3]], [[4]], [[5, 8]], [[3, 3, 3, 5]], [[130, 10]]])(
      'random values of shape %j are divided by the scale, per tensor and per channel',
      async (shape) => {
        const channels = shape.at(-1)!;
        const x = randomFloats(tf.util.sizeFromShape(shape), 12, -3, 3);
        const table = positives(format);
        for (const scales of [[0.0123], Array.from(randomFloats(channels, 5, 2 / max, 9 / max))]) {
          const q = await read(quantizeFloat(tf.tensor(x, shape), params(scales), on(format), format));
          const expected = Array.from(x, (value, i) => {
            const inverse = fround(1 / fround(scales[i % scales.length]!));
            return nearest(format, fround(value * inverse), table) + 0;
          });
          expect(q).toEqual(expected);
        }
      },
    );

    test('the gradient is dq / scale where the value does not saturate, else 0', async () => {
      const scale = 0.3;
      const inverse = fround(1 / fround(scale));
      const x = spread(format, 600, 8).map((value) => value * scale);
      const dq = randomFloats(x.length, 9);
      const got = await gradient(tf.tensor1d(x), params([scale]), on(format), format, tf.tensor1d(dq));
      // The first value that rounds past the largest lies midway to where the next code would be.
      const step = max - positives(format).at(-2)!;
      const expected = Array.from(x, (value, i) => {
        const magnitude = Math.abs(fround(value * inverse));
        return magnitude < max + step / 2 ? fround(dq[i]! * inverse) : 0;
      });
      expect(got).toEqual(expected);
      expect(expected).toContain(0);
    });

    test('a scale of each channel divides its gradient', async () => {
      const x = tf.tensor2d([1, 1, 1, 1, 1, -1, -1, -1, 9e9, -1], [2, 5]);
      const dx = await gradient(x, params([1, 2, 4, 0.5, 0.25]), on(format), format);
      expect(dx).toEqual([1, 0.5, 0.25, 2, 4, 1, 0.5, 0.25, 0, 4]);
    });

    test('NaN gets no gradient, and a NaN scale makes NaN without one', async () => {
      const x = tf.tensor1d([1, Number.NaN, 2, 3, 4]);
      expect(await gradient(x, params([1]), on(format), format)).toEqual([1, 0, 1, 1, 1]);
      const lost = await quantizeFloat(x, params([Number.NaN]), on(format), format).data();
      expect(lost.every(Number.isNaN)).toBe(true);
      expect(await gradient(x, params([Number.NaN]), on(format), format)).toEqual([0, 0, 0, 0, 0]);
    });
  });

  test('a value midway to where the code after the largest would be passes the gradient if the largest is even', async () => {
    const at = (format: FloatFormatName, x: number) =>
      gradient(tf.tensor1d([x, -x]), params([1]), on(format), format);
    expect(await at('e4m3', 464)).toEqual([1, 1]);
    expect(await at('e4m3', neighbours(464)[1])).toEqual([0, 0]);
    expect(await at('e5m2', 61440)).toEqual([0, 0]);
    expect(await at('e5m2', neighbours(61440)[0])).toEqual([1, 1]);
    expect(await at('e2m1', 7)).toEqual([0, 0]);
    expect(await at('e2m1', neighbours(7)[0])).toEqual([1, 1]);
  });

  test('mode 0 passes x and its gradient through', async () => {
    const x = tf.tensor1d([-1e30, -0.3, 0, 0.25, 1e-20, 5e8]);
    const dq = tf.tensor1d([1, -2, 3, 4, 5, 6]);
    expect(await read(quantizeFloat(x, params([0.1]), on('e4m3', 0), 'e4m3'))).toEqual(await read(x));
    expect(await gradient(x, params([0.1]), on('e4m3', 0), 'e4m3', dq)).toEqual([1, -2, 3, 4, 5, 6]);
  });

  test('settings and scales that change between calls are followed', async () => {
    const x = tf.tensor1d([0.7, 3.2]);
    const s = tf.variable(on('e2m1', 0), false);
    const p = tf.variable(params([1]), false);
    const run = () =>
      read(quantizeFloat(x, p as unknown as tf.Tensor2D, s as unknown as tf.Tensor1D, 'e2m1'));
    expect(await run()).toEqual([fround(0.7), fround(3.2)]);
    s.assign(on('e2m1'));
    expect(await run()).toEqual([0.5, 3]);
    p.assign(params([0.5]));
    expect(await run()).toEqual([1.5, 6]);
  });

  test('nothing is left behind', () => {
    const x = tf.tensor2d(randomFloats(35, 1), [5, 7]);
    expectNoLeak(() => quantizeFloat(x, params([0.1]), on('e4m3'), 'e4m3'));
    expectNoLeak(() => tf.grad((v: tf.Tensor) => quantizeFloat(v, params([0.1]), on('e4m3'), 'e4m3'))(x));
  });

  test('parameters of the wrong length are refused in a sentence', () => {
    expect(() => quantizeFloat(tf.zeros([2, 3]), params([1, 1]), on('e4m3'), 'e4m3')).toThrow(
      'The quantization parameters must have the shape [4, 3], but has [4, 2].',
    );
  });
});

test.each(formats)('all backends give the same bits for %s', async (format) => {
  const x = spread(format, 20_000, 31);
  const compute = async () => {
    const q = quantizeFloat(tf.tensor1d(x), params([0.0234567]), on(format), format);
    return [...new Int32Array(Float32Array.from(await q.data()).buffer)];
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
