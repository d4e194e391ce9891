/** Operands as the sums of products of ../assembly read them: 16-bit integers, weights in blocks of units. */
import type { Windows } from '../ops';
import type { Weights } from '../program';
import { upTo, type Workspace } from './workspace';

/** An image with zeros around it, as windows slide over it. */
export interface Image {
  rows: number;
  columns: number;
  /** Bytes of a line. */
  rowBytes: number;
}

export function imageOf({
  height,
  width,
  channels,
  outHeight,
  outWidth,
  kernel,
  stride,
  pad,
}: Windows): Image {
  const rows = Math.max(height + pad[0], (outHeight - 1) * stride[0] + kernel[0]);
  const columns = Math.max(width + pad[1], (outWidth - 1) * stride[1] + kernel[1]);
  return { rows, columns, rowBytes: 2 * columns * channels };
}

/** Places weights [rows, columns, units] as blocks of 8 units, then of 4: each [rows, pairs of columns, units, 2]. */
export function placeWeights(
  space: Workspace,
  weights: Weights,
  rows: number,
  columns: number,
  units: number,
): number {
  const pairs = Math.ceil(columns / 2);
  const wide = upTo(units, 4);
  return space.place(weights, 4 * rows * pairs * wide, (at) => {
    const w = weights.values;
    for (let unit = 0, block = at / 2; unit < units; ) {
      const width = unit + 8 <= wide ? 8 : 4;
      for (let i = 0; i < rows; i++)
        for (let k = 0; k < columns; k++)
          for (let u = unit; u < Math.min(unit + width, units); u++)
            space.int16[block + ((i * pairs + (k >> 1)) * width + u - unit) * 2 + (k & 1)] =
              w[(i * columns + k) * units + u]!;
      block += rows * pairs * width * 2;
      unit += width;
    }
  });
}

/** Places weights [taps, channels] with channels up to a multiple of 8. */
export function placeFilters(space: Workspace, weights: Weights, taps: number, channels: number): number {
  const pitch = upTo(channels, 8);
  return space.place(weights, 2 * taps * pitch, (at) => {
    for (let tap = 0; tap < taps; tap++)
      space.int16.set(weights.values.subarray(tap * channels, (tap + 1) * channels), at / 2 + tap * pitch);
  });
}
