/** Which test images are shown, and where. */
import type { Labels } from '@/data/dataset';

export interface Layout {
  columns: number;
  rows: number;
  /** Cell size in CSS pixels; the thumbnail is a square on its left, the prediction stands beside it. */
  width: number;
  height: number;
  /** Width of the prediction. */
  label: number;
}

/** Thumbnails in the columns of a desktop, and in narrower ones. */
const thumbnail = { wide: 27, narrow: 22 };
const narrowSide = 140;
const characterWidth = 8;
const labelMargin = 3;
const gap = 3;
/** Class names are cut to this many characters beside an image; the readout has them in full. */
export const labelCharacters = 2;

/** As many cells as fit a square of side `side`, at least 2 x 2. */
export function sampleLayout(side: number, classNames: readonly string[]): Layout {
  const longest = Math.max(1, ...classNames.map(({ length }) => length));
  const label = labelMargin + characterWidth * Math.min(labelCharacters, longest);
  const image = side < narrowSide ? thumbnail.narrow : thumbnail.wide;
  const columns = Math.max(2, Math.floor((side + gap) / (image + label + gap)));
  const rows = Math.max(2, Math.floor((side + gap) / (image + gap)));
  return { columns, rows, width: side / columns, height: side / rows, label };
}

/**
 * Indices of the samples to show: in order, or those that a network gets wrong first.
 * @param predicted classes of the network whose mistakes go first; undefined for the plain order
 */
export function sampleOrder(truth: Labels, predicted: Uint8Array | undefined, count: number): number[] {
  const all = Array.from({ length: truth.length }, (_, i) => i);
  if (!predicted) return all.slice(0, count);
  const wrong = (index: number) => predicted[index] !== undefined && predicted[index] !== truth[index];
  return [...all.filter(wrong), ...all.filter((index) => !wrong(index))].slice(0, count);
}

/** Index into the shown samples of the cell under a place, or -1. */
export function sampleUnder(x: number, y: number, { columns, rows, width, height }: Layout): number {
  const column = Math.floor(x / width);
  const row = Math.floor(y / height);
  return column >= 0 && column < columns && row >= 0 && row < rows ? row * columns + column : -1;
}

/**
 * An image as RGBA pixels: grey images run from the background to ink, coloured ones stand for themselves.
 * @param values [height, width, channels], bytes or floats in 0 to 1
 */
export function imagePixels(
  values: ArrayLike<number>,
  offset: number,
  [height = 1, width = 1, channels = 1]: readonly number[],
  background: readonly number[],
  ink: readonly number[],
  perUnit: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(height * width * 4);
  for (let i = 0; i < height * width; i++) {
    const at = offset + i * channels;
    for (let k = 0; k < 3; k++) {
      const value = values[at + (channels >= 3 ? k : 0)]! * perUnit;
      pixels[4 * i + k] = channels >= 3 ? 255 * value : background[k]! + value * (ink[k]! - background[k]!);
    }
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}
