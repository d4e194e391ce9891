/**
 * Shapes and textures: one figure in one random colour on a ground of another, turned, scaled and shifted; then come a
 * shade across the image, strokes in the way, weaker contrast and grain. 32x32x3 bytes, NHWC.
 */
import { datasetKinds } from '@/catalog/datasets';
import { onCircle } from '../circle';
import type { Random } from '../random';
import { type Figure, shapes, textures } from './figures';

const [side, , channels] = datasetKinds.textures.inputShape;
const pixels = side * side;

/** Strength at noise 0.5 of what makes it hard; brightness runs from 0 to 1. */
const strength = {
  /** Largest part of the contrast that is lost. */
  pale: 0.4,
  /** Largest difference of brightness between the middle and an edge. */
  shade: 0.2,
  /** Standard deviation of the grain of all channels together, and the most that each strays by itself. */
  grain: 0.04,
  speckle: 0.08,
  /** Strokes in the way, at most. */
  strokes: 2,
};
/** How much brighter than the ground the figure is at least, as the mean of its channels. */
const leastContrast = 0.3;
/** Radius of a shape and period of a texture, in pixels. */
const sizes = { shape: { least: 9, most: 14 }, texture: { least: 7, most: 11 } };
/** How far a shape's centre may be from the image's, in pixels. */
const shift = 3;

type Colour = readonly [red: number, green: number, blue: number];
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
const uniform = (random: Random, low: number, high: number) => low + (high - low) * random.next();
const colour = (random: Random): Colour => [random.next(), random.next(), random.next()];
const brightness = ([red, green, blue]: Colour) => (red + green + blue) / 3;

/** In the order of the classes. */
const figures: readonly { figure: Figure; texture: boolean }[] = datasetKinds.textures.classNames.map(
  (name) =>
    name in shapes
      ? { figure: shapes[name as keyof typeof shapes], texture: false }
      : { figure: textures[name as keyof typeof textures], texture: true },
);

/** Writes one image of a class into `image` from `offset` on. */
export type TexturePainter = (label: number, image: Uint8Array, offset: number) => void;

/** A painter whose images are as hard as `noise` (0 to 1) says; 0 leaves colour, place, size and turn to chance. */
export function createTexturePainter(noise: number, random: Random): TexturePainter {
  // 0 at 0, 1 at 0.5, 1.6 at 1, as for the digits.
  const level = noise * (2.4 - 0.8 * noise);
  /** Share of the figure's colour in each pixel. */
  const ink = new Float64Array(pixels);
  const values = new Float64Array(pixels * channels);

  /** Fills `ink` with an anti-aliased figure. */
  function draw({ figure, texture }: (typeof figures)[number]): void {
    const { least, most } = sizes[texture ? 'texture' : 'shape'];
    const size = uniform(random, least, most);
    const [cosine, sine] = onCircle(random.next());
    const reach = texture ? size : shift;
    const x = side / 2 + uniform(random, -reach, reach);
    const y = side / 2 + uniform(random, -reach, reach);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const dx = (column + 0.5 - x) / size;
        const dy = (row + 0.5 - y) / size;
        const inside = figure(cosine * dx + sine * dy, cosine * dy - sine * dx) * size;
        ink[row * side + column] = clamp(0.5 - inside, 0, 1);
      }
    }
  }

  /** A stroke across the image, about a pixel and a half wide, in a colour of its own. */
  function strike(): void {
    const [red, green, blue] = colour(random);
    const [cosine, sine] = onCircle(random.next());
    const x = side * random.next();
    const y = side * random.next();
    const half = uniform(random, 3, 9);
    for (let i = 0; i < pixels; i++) {
      const dx = (i % side) + 0.5 - x;
      const dy = Math.floor(i / side) + 0.5 - y;
      const along = clamp(cosine * dx + sine * dy, -half, half);
      const ex = dx - along * cosine;
      const ey = dy - along * sine;
      const share = clamp(1.25 - Math.sqrt(ex * ex + ey * ey), 0, 1);
      if (share === 0) continue;
      values[3 * i] = values[3 * i]! + share * (red - values[3 * i]!);
      values[3 * i + 1] = values[3 * i + 1]! + share * (green - values[3 * i + 1]!);
      values[3 * i + 2] = values[3 * i + 2]! + share * (blue - values[3 * i + 2]!);
    }
  }

  return (label, image, offset) => {
    let ground = colour(random);
    let ofFigure = colour(random);
    // Always the brighter one is the figure's: without that it would take a far larger network.
    while (brightness(ofFigure) - brightness(ground) < leastContrast) {
      ground = colour(random);
      ofFigure = colour(random);
    }
    const contrast = 1 - Math.min(0.85, level * strength.pale) * random.next();
    draw(figures[label]!);
    const [cosine, sine] = onCircle(random.next());
    const slope = (level * strength.shade * random.next()) / (side / 2);
    for (let i = 0; i < pixels; i++) {
      const dx = (i % side) + 0.5 - side / 2;
      const dy = Math.floor(i / side) + 0.5 - side / 2;
      const shade = slope * (cosine * dx + sine * dy);
      const share = contrast * ink[i]!;
      for (let k = 0; k < channels; k++)
        values[channels * i + k] = ground[k]! + share * (ofFigure[k]! - ground[k]!) + shade;
    }
    const strokes = Math.round(Math.min(1.5, level) * strength.strokes * random.next());
    for (let i = 0; i < strokes; i++) strike();
    const grain = level * strength.grain;
    const speckle = level * strength.speckle;
    for (let i = 0; i < pixels; i++) {
      const common = grain === 0 ? 0 : grain * random.normal();
      for (let k = 0; k < channels; k++) {
        const at = channels * i + k;
        const value = values[at]! + common + speckle * (2 * random.next() - 1);
        image[offset + at] = Math.round(255 * clamp(value, 0, 1));
      }
    }
  };
}
