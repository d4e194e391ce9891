/** Inputs made worse by degrees: noise, blur, less contrast, rotation. Pure; the same on every machine. */
import type { CorruptionName } from '@/catalog/corruptions';
import type { Shape } from '@/catalog/layers';
import { stream } from './random';

/** One example in place: values of `shape`, images from 0 to 1. */
type Corrupt = (values: Float32Array, shape: Shape, level: number, normal: () => number) => void;

const noise: Corrupt = (values, _shape, level, normal) => {
  for (let i = 0; i < values.length; i++) values[i]! += level * normal();
};

/** Runs a function over each channel as rows x columns. */
function byPlane(
  [height = 1, width = 1, channels = 1]: Shape,
  work: (at: (y: number, x: number) => number) => void,
) {
  for (let c = 0; c < channels; c++) work((y, x) => (y * width + x) * channels + c);
  return height;
}

/** Gauss of standard deviation `level` pixels, to 3 deviations; the border is repeated. */
const blur: Corrupt = (values, shape, level) => {
  if (level === 0) return;
  const [height = 1, width = 1] = shape;
  const reach = Math.ceil(3 * level);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * level * level)),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  const clamp = (i: number, n: number) => Math.min(n - 1, Math.max(0, i));
  byPlane(shape, (at) => {
    for (const along of ['x', 'y'] as const) {
      const before = Float32Array.from(
        { length: height * width },
        (_, i) => values[at(Math.floor(i / width), i % width)]!,
      );
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          let sum = 0;
          weights.forEach((weight, i) => {
            const [yy, xx] =
              along === 'x' ? [y, clamp(x + i - reach, width)] : [clamp(y + i - reach, height), x];
            sum += weight * before[yy * width + xx]!;
          });
          values[at(y, x)] = sum / total;
        }
    }
  });
};

/** Brings every value towards the image's mean. */
const contrast: Corrupt = (values, _shape, level) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  for (let i = 0; i < values.length; i++) values[i] = mean + (1 - level) * (values[i]! - mean);
};

/** Turns about the centre by `level` degrees, bilinear; what comes in from outside is 0. */
const rotation: Corrupt = (values, shape, level) => {
  if (level === 0) return;
  const [height = 1, width = 1] = shape;
  const angle = (level * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [cy, cx] = [(height - 1) / 2, (width - 1) / 2];
  byPlane(shape, (at) => {
    const before = Float32Array.from(
      { length: height * width },
      (_, i) => values[at(Math.floor(i / width), i % width)]!,
    );
    const pixel = (y: number, x: number) =>
      y < 0 || x < 0 || y >= height || x >= width ? 0 : before[y * width + x]!;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const sx = cx + cos * (x - cx) + sin * (y - cy);
        const sy = cy - sin * (x - cx) + cos * (y - cy);
        const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
        const [fx, fy] = [sx - x0, sy - y0];
        const upper = pixel(y0, x0) * (1 - fx) + pixel(y0, x0 + 1) * fx;
        const lower = pixel(y0 + 1, x0) * (1 - fx) + pixel(y0 + 1, x0 + 1) * fx;
        values[at(y, x)] = upper * (1 - fy) + lower * fy;
      }
  });
};

const made = { noise, blur, contrast, rotation } satisfies Record<CorruptionName, Corrupt>;

/**
 * The first examples of a set, made worse. @param x values of `count` examples; bytes stand for value / 255
 * @returns float32 values
 */
export function corrupted(
  { x, count }: { x: Float32Array | Uint8Array; count: number },
  shape: Shape,
  name: CorruptionName,
  level: number,
  seed: number,
): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const unit = x instanceof Uint8Array ? 255 : 1;
  const result = Float32Array.from(x.subarray(0, count * size), (value) => value / unit);
  const random = stream(seed, `corrupt/${name}`);
  for (let i = 0; i < count; i++)
    made[name](result.subarray(i * size, (i + 1) * size), shape, level, () => random.normal());
  return result;
}
