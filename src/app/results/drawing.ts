/** A drawing made into an image of the data's size: scaled and centred as the digits of MNIST are (LeCun 1998). */

/** MNIST's digits fill a box of 20 pixels of the 28. */
const boxShare = 20 / 28;
/** Fainter ink does not count when the drawing's extent is found. */
const faint = 0.1;

export interface Ink {
  /** [height x width], 0 to 1. */
  values: Float32Array;
  width: number;
  height: number;
}

interface Extent {
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Centre of mass. */
  x: number;
  y: number;
}

function extentOf({ values, width, height }: Ink): Extent | undefined {
  const found: Extent = { left: width, top: height, right: 0, bottom: 0, x: 0, y: 0 };
  let mass = 0;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const value = values[row * width + column]!;
      if (value <= faint) continue;
      found.left = Math.min(found.left, column);
      found.right = Math.max(found.right, column + 1);
      found.top = Math.min(found.top, row);
      found.bottom = Math.max(found.bottom, row + 1);
      found.x += value * (column + 0.5);
      found.y += value * (row + 0.5);
      mass += value;
    }
  return mass === 0 ? undefined : { ...found, x: found.x / mass, y: found.y / mass };
}

/**
 * The drawing as the network reads it: its longer side scaled to 20/28 of the image, its centre of mass in the middle, each
 * pixel the mean of what falls on it.
 * @returns [height x width] values, ink 1; undefined where nothing is drawn
 */
export function centred(ink: Ink, height: number, width: number): Float32Array<ArrayBuffer> | undefined {
  const extent = extentOf(ink);
  if (!extent) return undefined;
  const side = Math.max(extent.right - extent.left, extent.bottom - extent.top);
  const scale = (boxShare * Math.min(height, width)) / side;
  const image = new Float32Array(height * width);
  for (let row = extent.top; row < extent.bottom; row++)
    for (let column = extent.left; column < extent.right; column++) {
      const value = ink.values[row * ink.width + column]!;
      if (value === 0) continue;
      const x = (column - extent.x) * scale + width / 2;
      const y = (row - extent.y) * scale + height / 2;
      for (const [r, down] of covered(y, scale, height))
        for (const [c, across] of covered(x, scale, width)) {
          const at = r * width + c;
          image[at] = Math.min(1, image[at]! + value * down * across);
        }
    }
  return image;
}

/** Which of `count` unit cells a piece [from, from + length] covers, and how much of each. */
function covered(from: number, length: number, count: number): [cell: number, share: number][] {
  const cells: [number, number][] = [];
  const end = from + length;
  for (let cell = Math.max(0, Math.floor(from)); cell < Math.min(count, Math.ceil(end)); cell++)
    cells.push([cell, Math.min(end, cell + 1) - Math.max(from, cell)]);
  return cells;
}

/** Whether images have dark ink on a light ground, by the mean of their border. @param values 0 to `full` */
export function isLight(values: ArrayLike<number>, full: number, [height = 1, width = 1]: readonly number[]) {
  const size = height * width;
  let sum = 0;
  let count = 0;
  for (let at = 0; at + size <= values.length; at += size)
    for (let i = 0; i < size; i++) {
      const [row, column] = [Math.floor(i / width), i % width];
      if (row > 0 && row < height - 1 && column > 0 && column < width - 1) continue;
      sum += values[at + i]! / full;
      count++;
    }
  return sum > count / 2;
}
