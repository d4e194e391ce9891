import { expect, test } from 'vitest';
import { centred, type Ink, isLight } from './drawing';

/** A rectangle of full ink on a square of side 280. */
function rectangle(left: number, top: number, width: number, height: number): Ink {
  const side = 280;
  const values = new Float32Array(side * side);
  for (let row = top; row < top + height; row++) values.fill(1, row * side + left, row * side + left + width);
  return { values, width: side, height: side };
}
const filled = (image: Float32Array, width: number) => {
  const on = [...image.keys()].filter((i) => image[i]! > 0.5);
  const columns = on.map((i) => i % width);
  const rows = on.map((i) => Math.floor(i / width));
  return [Math.min(...columns), Math.max(...columns), Math.min(...rows), Math.max(...rows)];
};

test.each([
  ['large', rectangle(0, 0, 140, 280)],
  ['small and in a corner', rectangle(230, 200, 20, 40)],
])('a %s drawing fills twenty rows in the middle', (_, ink) => {
  const image = centred(ink, 28, 28)!;
  expect(filled(image, 28)).toEqual([9, 18, 4, 23]);
  // Area is kept: 10 x 20 pixels of ink.
  expect(image.reduce((a, b) => a + b, 0)).toBeCloseTo(200, 2);
});

test('the centre of mass is in the middle, not that of the box', () => {
  // An L: a tall bar on the left and a foot.
  const tall = rectangle(50, 50, 20, 200);
  const foot = rectangle(50, 230, 120, 20);
  const ink = { ...tall, values: tall.values.map((value, i) => Math.max(value, foot.values[i]!)) };
  const image = centred(ink, 28, 28)!;
  let [x, y, mass] = [0, 0, 0];
  image.forEach((value, i) => {
    x += value * ((i % 28) + 0.5);
    y += value * (Math.floor(i / 28) + 0.5);
    mass += value;
  });
  expect(x / mass).toBeCloseTo(14, 1);
  expect(y / mass).toBeCloseTo(14, 1);
});

test('images of another size are filled in proportion', () => {
  expect(filled(centred(rectangle(100, 100, 60, 60), 14, 20)!, 20)).toEqual([5, 14, 2, 11]);
});

test('nothing drawn is nothing', () => {
  expect(centred(rectangle(0, 0, 0, 0), 28, 28)).toBeUndefined();
});

test('the ground is told by the border', () => {
  const dark = Uint8Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0);
  expect(isLight(dark, 255, [3, 3])).toBe(false);
  expect(
    isLight(
      dark.map((value) => 255 - value),
      255,
      [3, 3],
    ),
  ).toBe(true);
});
