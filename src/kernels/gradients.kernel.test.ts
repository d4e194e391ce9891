import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, startBackend } from './testing/backends';
import { expectNoLeak } from './testing/tensors';

/** Gradients of sum(dy * f(...inputs)), dy random of f's shape, and dy itself. */
async function differentiate(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]) {
  const { shape } = f(...inputs);
  const dy = randomFloats(tf.util.sizeFromShape(shape), 99);
  const cotangent = tf.tensor(dy, shape);
  const gradients = tf.grads((...values) => tf.sum(tf.mul(cotangent, f(...values))))(inputs);
  expect(gradients.map((gradient) => gradient.shape)).toEqual(inputs.map((input) => input.shape));
  return { dy, gradients: await Promise.all(gradients.map((gradient) => gradient.data())) };
}

describe.each(backends)('gradients of tfjs ops on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  const a = randomFloats(6, 1);
  const b = randomFloats(3, 2);
  const matrix = () => tf.tensor2d(a, [2, 3]);
  const row = () => tf.tensor1d(b);
  const columnSums = (values: ArrayLike<number>) => [0, 1, 2].map((i) => values[i]! + values[i + 3]!);

  test('a sum passes the gradient on, added up over broadcast axes', async () => {
    const { dy, gradients } = await differentiate((x, y) => tf.add(x!, y!), [matrix(), row()]);
    expectCloseArrays(gradients[0]!, dy);
    expectCloseArrays(gradients[1]!, columnSums(dy));
  });

  test('a difference negates it for the subtrahend', async () => {
    const { dy, gradients } = await differentiate((x, y) => tf.sub(x!, y!), [row(), matrix()]);
    expectCloseArrays(gradients[0]!, columnSums(dy));
    expectCloseArrays(
      gradients[1]!,
      [...dy].map((v) => -v),
    );
  });

  test('a product multiplies it by the other factor', async () => {
    const { dy, gradients } = await differentiate((x, y) => tf.mul(x!, y!), [matrix(), row()]);
    expectCloseArrays(
      gradients[0]!,
      [...dy].map((v, i) => v * b[i % 3]!),
    );
    expectCloseArrays(gradients[1]!, columnSums([...dy].map((v, i) => v * a[i]!)));
  });

  test.each([
    { axes: [0], kept: false, index: (i: number) => i % 12 },
    { axes: [1], kept: true, index: (i: number) => Math.floor(i / 12) * 4 + (i % 4) },
    { axes: [2], kept: false, index: (i: number) => Math.floor(i / 4) },
    { axes: [0, 2], kept: false, index: (i: number) => Math.floor(i / 4) % 3 },
    { axes: undefined, kept: false, index: () => 0 },
  ])('a sum over axes $axes repeats it along them', async ({ axes, kept, index }) => {
    const x = tf.tensor3d(randomFloats(24, 3), [2, 3, 4]);
    const { dy, gradients } = await differentiate((v) => tf.sum(v!, axes, kept), [x]);
    expectCloseArrays(
      gradients[0]!,
      Array.from({ length: 24 }, (_, i) => dy[index(i)]!),
    );
  });

  test('reshape, clone and cast leave it as it is', async () => {
    const { dy, gradients } = await differentiate(
      (x) => tf.cast(tf.clone(tf.reshape(x!, [3, 2])), 'float32'),
      [matrix()],
    );
    expectCloseArrays(gradients[0]!, dy);
  });

  test('transpose turns it back', async () => {
    const x = tf.tensor3d(randomFloats(24, 4), [2, 3, 4]);
    const { dy, gradients } = await differentiate((v) => tf.transpose(v!, [2, 0, 1]), [x]);
    // Element (i, j, k) of x is (k, i, j) of the output, whose shape is [4, 2, 3].
    const expected = Array.from(
      { length: 24 },
      (_, n) => dy[(n % 4) * 6 + Math.floor(n / 12) * 3 + (Math.floor(n / 4) % 3)]!,
    );
    expectCloseArrays(gradients[0]!, expected);
  });

  const cube = () => tf.tensor3d(randomFloats(24, 5), [2, 3, 4]);

  test('a quotient divides it, and weighs it by the quotient for the divisor', async () => {
    const divisor = tf.tensor1d([0.5, -2, 4]);
    const { dy, gradients } = await differentiate((x, y) => tf.div(x!, y!), [matrix(), divisor]);
    const by = [0.5, -2, 4];
    expectCloseArrays(
      gradients[0]!,
      [...dy].map((v, i) => v / by[i % 3]!),
    );
    expectCloseArrays(gradients[1]!, columnSums([...dy].map((v, i) => (-v * a[i]!) / by[i % 3]! ** 2)));
  });

  test('a negative negates it, and new or dropped axes of length 1 leave it as it is', async () => {
    const { dy, gradients } = await differentiate(
      (x) => tf.squeeze(tf.neg(tf.expandDims(tf.expandDims(x!, 1), 0)), [0]),
      [matrix()],
    );
    expectCloseArrays(
      gradients[0]!,
      [...dy].map((v) => -v),
    );
  });

  test.each([
    { axes: [0], count: 2, index: (i: number) => i % 12 },
    { axes: [1], count: 3, index: (i: number) => Math.floor(i / 12) * 4 + (i % 4) },
    { axes: [-1], count: 4, index: (i: number) => Math.floor(i / 4) },
    { axes: [0, 2], count: 8, index: (i: number) => Math.floor(i / 4) % 3 },
    { axes: undefined, count: 24, index: () => 0 },
  ])('a mean over axes $axes shares it out along them', async ({ axes, count, index }) => {
    const { dy, gradients } = await differentiate((v) => tf.mean(v!, axes), [cube()]);
    expectCloseArrays(
      gradients[0]!,
      Array.from({ length: 24 }, (_, i) => dy[index(i)]! / count),
    );
  });

  /** Elements of a [2, 3, 4] tensor. */
  const places = Array.from(
    { length: 24 },
    (_, n) => [Math.floor(n / 12), Math.floor(n / 4) % 3, n % 4] as const,
  );

  test('a slice puts it back where it was cut out', async () => {
    const { dy, gradients } = await differentiate((v) => tf.slice(v!, [0, 1, 1], [2, -1, 2]), [cube()]);
    expectCloseArrays(
      gradients[0]!,
      places.map(([i, j, k]) => (j >= 1 && k >= 1 && k < 3 ? dy[i * 4 + (j - 1) * 2 + k - 1]! : 0)),
    );
  });

  test.each([0, 1, 2, -1])('tensors joined along axis %i get their parts of it', async (axis) => {
    const shapes = [1, 3, 2].map((length) => [2, 3, 4].with(axis, length));
    const inputs = shapes.map((shape) => tf.ones(shape));
    const { dy, gradients } = await differentiate((...parts) => tf.concat(parts, axis), inputs);
    const whole = tf.tensor(dy, [2, 3, 4].with(axis, 6));
    for (const [n, first] of [0, 1, 4].entries()) {
      const part = tf.slice(whole, [0, 0, 0].with(axis, first), shapes[n]!);
      expect(gradients[n]).toEqual(await part.data());
    }
  });

  test('one tensor joined to itself gets the sum of both parts', async () => {
    const { dy, gradients } = await differentiate((x) => tf.concat([x!, x!], 0), [row()]);
    expectCloseArrays(
      gradients[0]!,
      [0, 1, 2].map((i) => dy[i]! + dy[i + 3]!),
    );
  });

  test.each([0, 1, 2, -1])('split along axis %i and joined again it is what it was', async (axis) => {
    const lengths = [1, [2, 3, 4].at(axis)! - 1];
    const { dy, gradients } = await differentiate(
      (x) => tf.concat(tf.split(x!, lengths, axis), axis),
      [cube()],
    );
    expectCloseArrays(gradients[0]!, dy);
  });

  test('a part of a split that goes unused gets none of it', async () => {
    const { dy, gradients } = await differentiate((x) => tf.split(x!, [1, 2], 1)[1]!, [cube()]);
    expectCloseArrays(
      gradients[0]!,
      places.map(([i, j, k]) => (j > 0 ? dy[i * 8 + (j - 1) * 4 + k]! : 0)),
    );
  });

  test.each([0, 1, 2, 3])('tensors stacked along axis %i get their parts of it', async (axis) => {
    const { dy, gradients } = await differentiate(
      (x, y) => tf.stack([x!, y!], axis),
      [cube(), tf.ones([2, 3, 4])],
    );
    const shape = [2, 3, 4].toSpliced(axis, 0, 2);
    const parts = tf.unstack(tf.tensor(dy, shape), axis);
    for (const [n, part] of parts.entries()) expect(gradients[n]).toEqual(await part.data());
  });

  test.each([0, 1, 2])('unstacked along axis %i, reversed and stacked, it is reversed', async (axis) => {
    const { dy, gradients } = await differentiate(
      (x) => tf.stack(tf.unstack(x!, axis).toReversed(), axis),
      [cube()],
    );
    const strides = [12, 4, 1];
    expectCloseArrays(
      gradients[0]!,
      places.map((place, n) => dy[n + ([2, 3, 4][axis]! - 1 - 2 * place[axis]!) * strides[axis]!]!),
    );
  });

  test('a last step that alone is used gives the steps before none of it', async () => {
    const { dy, gradients } = await differentiate((x) => tf.unstack(x!, 1)[2]!, [cube()]);
    expectCloseArrays(
      gradients[0]!,
      places.map(([i, j, k]) => (j === 2 ? dy[i * 4 + k]! : 0)),
    );
  });

  test.each([0, 1, 2, -2])('gathering along axis %i adds it up where indices repeat', async (axis) => {
    const chosen = [1, 0, 1];
    const { dy, gradients } = await differentiate(
      (x) => tf.gather(x!, tf.tensor1d(chosen, 'int32'), axis),
      [cube()],
    );
    const shape = [2, 3, 4].with(axis, 3);
    const expected: number[] = Array(24).fill(0);
    dy.forEach((v, n) => {
      const place = [
        Math.floor(n / shape[1]! / shape[2]!),
        Math.floor(n / shape[2]!) % shape[1]!,
        n % shape[2]!,
      ];
      const [i, j, k] = place.with(axis, chosen[place.at(axis)!]!);
      expected[i! * 12 + j! * 4 + k!]! += v;
    });
    expectCloseArrays(gradients[0]!, expected);
  });

  test.each([[[2, 1, 1]], [[1, 3, 1]], [[1, 1, 2]], [[2, 3, 2]], [[1, 1, 1]]])(
    'tiled %j times it is summed over the copies',
    async (reps) => {
      const { dy, gradients } = await differentiate((x) => tf.tile(x!, reps), [cube()]);
      const [, height, width] = [2, 3, 4].map((length, i) => length * reps[i]!) as [number, number, number];
      const expected = places.map(([i, j, k]) => {
        let sum = 0;
        for (let u = 0; u < reps[0]!; u++)
          for (let v = 0; v < reps[1]!; v++)
            for (let w = 0; w < reps[2]!; w++)
              sum += dy[((i + 2 * u) * height + j + 3 * v) * width + k + 4 * w]!;
        return sum;
      });
      expectCloseArrays(gradients[0]!, expected);
    },
  );

  test('heads are split off and joined again', async () => {
    // [B, T, D] to [B, heads, T, D / heads] and back, as attention does.
    const x = tf.tensor3d(randomFloats(2 * 3 * 8, 6), [2, 3, 8]);
    const heads = (v: tf.Tensor) => tf.transpose(tf.reshape(v, [2, 3, 4, 2]), [0, 2, 1, 3]);
    const { dy, gradients } = await differentiate(
      (v) => tf.reshape(tf.transpose(heads(v!), [0, 2, 1, 3]), [2, 3, 8]),
      [x],
    );
    expectCloseArrays(gradients[0]!, dy);
  });

  test('nothing is left behind', () => {
    const x = cube();
    const indices = tf.tensor1d([2, 0], 'int32');
    const uses: ((v: tf.Tensor) => tf.Tensor)[] = [
      (v) => tf.stack(tf.unstack(v, 1), 0),
      (v) => tf.concat(tf.split(v, 2, 2), 1),
      (v) => tf.mean(tf.gather(v, indices, 1)),
      (v) => tf.tile(tf.slice(v, [0, 1, 0], [2, 1, 4]), [1, 2, 2]),
      (v) => tf.div(tf.neg(v), tf.expandDims(tf.mean(v, 2), 2)),
    ];
    for (const use of uses) expectNoLeak(() => tf.grad(use)(x));
  });
});
