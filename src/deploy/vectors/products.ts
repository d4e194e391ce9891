/** Products with weights: of rows, of windows, and of the windows of each channel. */
import type { Products, Windows } from '../ops';
import type { Weights } from '../program';
import type { Operand, Step, Vectors } from './index';
import { imageOf, placeFilters, placeWeights } from './layout';
import { upTo } from './workspace';

/** Bytes that rows and their sums may take while they are multiplied: they stay in a processor's second cache. */
const rowBytes = 2 ** 17;

/** An operation, and what it reads and writes. */
export interface Layer {
  op: Products;
  weights: Weights;
  x: Operand;
  output: number;
}

/** Products of rows with weights [features, units], finished. @param rows of each example */
export function rowProducts(
  vectors: Vectors,
  layer: Layer,
  { rows, features, units }: { rows: number; features: number; units: number },
): Step {
  const { space, exports, batch } = vectors;
  const { op, weights, x } = layer;
  const wide = upTo(units, 4);
  const w = placeWeights(space, weights, 1, features, units);
  const [biases, rescale] = endsOf(vectors, op);
  const most = Math.min(Math.ceil(rowBytes / (2 * features + 4 * wide) / 4) * 4, batch * rows);
  const [own, sums] = space.scratch(2 * most * features, 4 * most * wide);
  const [from, to] = vectors.addresses(x.value, layer.output);
  const [bytes, pairs] = [2 * features, Math.ceil(features / 2)];
  return (count) => {
    const [at, y] = [space.room + own, space.room + sums];
    for (let row = 0; row < count * rows; row += most) {
      const some = Math.min(most, count * rows - row);
      if (!exports.widen(from + 4 * row * features, 1, some * features, 0, x.zeroPoint, at, 0)) return false;
      exports.products(at, 1, some, 0, bytes, 1, 0, pairs, w, wide, y);
      exports.finish(y, some, units, 4 * wide, biases, rescale, to + 4 * row * units, 4 * units);
    }
    return true;
  };
}

/** Products of each window with weights [rows, columns, channels, units], finished, image by image. */
export function windowProducts(vectors: Vectors, layer: Layer, windows: Windows, units: number): Step {
  const { channels, outHeight, outWidth, kernel, stride } = windows;
  const columns = kernel[1] * channels;
  const w = placeWeights(vectors.space, layer.weights, kernel[0], columns, units);
  const { rowBytes } = imageOf(windows);
  const [down, right] = [stride[0] * rowBytes, stride[1] * channels * 2];
  const pairs = Math.ceil(columns / 2);
  const wide = upTo(units, 4);
  const { products } = vectors.exports;
  return images(vectors, layer, windows, [units, wide], (from, sums) =>
    products(from, outHeight, outWidth, down, right, kernel[0], rowBytes, pairs, w, wide, sums),
  );
}

/** The same of each channel's windows with its own weights, [rows, columns, channels]. */
export function channelProducts(vectors: Vectors, layer: Layer, windows: Windows): Step {
  const { channels, outHeight, outWidth, kernel, stride } = windows;
  const w = placeFilters(vectors.space, layer.weights, kernel[0] * kernel[1], channels);
  const { rowBytes } = imageOf(windows);
  const [down, right] = [stride[0] * rowBytes, stride[1] * channels * 2];
  const [rows, columns] = kernel;
  const wide = upTo(channels, 8);
  const { channelProducts: products } = vectors.exports;
  return images(vectors, layer, windows, [channels, wide], (from, sums) =>
    products(from, outHeight, outWidth, down, right, rows, columns, rowBytes, 2 * channels, w, wide, sums),
  );
}

/** Widens each image with what is around it, has its sums made by `multiply`, [pixels, wide], and finishes them. */
function images(
  vectors: Vectors,
  { op, x: { value, zeroPoint }, output }: Layer,
  windows: Windows,
  [units, wide]: readonly [units: number, wide: number],
  multiply: (x: number, sums: number) => void,
): Step {
  const { space, exports } = vectors;
  const { height, width, channels, outHeight, outWidth, pad } = windows;
  const [biases, rescale] = endsOf(vectors, op);
  const { rows, columns, rowBytes } = imageOf(windows);
  const pixels = outHeight * outWidth;
  const [own, ownSums] = space.scratch(rows * rowBytes, 4 * pixels * wide);
  const isPadded = rows > height || columns > width;
  const corner = pad[0] * rowBytes + 2 * pad[1] * channels;
  const line = width * channels;
  const [x, y] = vectors.addresses(value, output);
  return (count) => {
    const [image, sums] = [space.room + own, space.room + ownSums];
    if (isPadded) space.int16.fill(0, image / 2, (image + rows * rowBytes) / 2);
    for (let i = 0; i < count; i++) {
      const from = x + 4 * i * height * line;
      if (!exports.widen(from, height, line, 4 * line, zeroPoint, image + corner, rowBytes)) return false;
      multiply(image, sums);
      const to = y + 4 * i * pixels * units;
      exports.finish(sums, pixels, units, 4 * wide, biases, rescale, to, 4 * units);
    }
    return true;
  };
}

/** What follows the sums of a product. */
const endsOf = ({ space }: Vectors, { biases, rescale }: Products) =>
  [space.placeInt32(biases), space.placeRescale(rescale)] as const;
