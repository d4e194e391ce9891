/** Decision fields: the colour ramp, and where data lies in the picture. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** Share of the class's colour over the panel where the network is undecided by a hair, and where it is certain. */
const faint = 0.04;
const strong = 0.46;

const mix = (a: number, b: number, share: number) => Math.round(a + share * (b - a));

/**
 * Colours of the 256 probabilities of class 1: from `negative` (class 0) over the panel's own colour to `positive`.
 * @returns 256 RGBA quadruples
 */
export function fieldRamp(negative: Rgb, panel: Rgb, positive: Rgb): Uint8ClampedArray<ArrayBuffer> {
  const ramp = new Uint8ClampedArray(256 * 4);
  for (let level = 0; level < 256; level++) {
    const certainty = (2 * level) / 255 - 1;
    const hue = certainty < 0 ? negative : positive;
    const share = Math.abs(certainty) * (strong - faint) + faint;
    ramp.set([...panel.map((value, i) => mix(value, hue[i]!, share)), 255], 4 * level);
  }
  return ramp;
}

/** Pixels of a field through a ramp, RGBA. */
export function colourField(
  field: Uint8Array,
  ramp: Uint8ClampedArray<ArrayBuffer>,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(field.length * 4);
  const words = new Uint32Array(pixels.buffer);
  const colours = new Uint32Array(ramp.buffer);
  for (let i = 0; i < field.length; i++) words[i] = colours[field[i]!]!;
  return pixels;
}

/** Place of a point in a square picture of side `side`, y upwards. */
export const toPicture = (x: number, y: number, extent: number, side: number): [number, number] => [
  ((x / extent + 1) / 2) * side,
  ((1 - y / extent) / 2) * side,
];

/** The data's x and y under a place in the picture. */
export const fromPicture = (px: number, py: number, extent: number, side: number): [number, number] => [
  ((2 * px) / side - 1) * extent,
  (1 - (2 * py) / side) * extent,
];

/** Index into a field of `size` rows (from the top) of the cell under a place in the picture. */
export function cellUnder(px: number, py: number, side: number, size: number): number {
  const clamp = (value: number) => Math.max(0, Math.min(size - 1, Math.floor((value / side) * size)));
  return clamp(py) * size + clamp(px);
}

const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * At most `limit` of `count` indices, spread evenly, with a different place in each stretch: data that alternates between
 * classes must not lose one of them.
 */
export function sampleIndices(count: number, limit: number): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i);
  const stretch = count / limit;
  return Array.from({ length: limit }, (_, i) => Math.floor((i + ((i * goldenRatio) % 1)) * stretch));
}
