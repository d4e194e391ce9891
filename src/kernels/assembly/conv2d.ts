/**
 * Convolutions of NHWC inputs with HWIO filters as matrix products whose left matrix is never written down: in NHWC the
 * kernelWidth * inChannels values under one row of a filter lie side by side, so a row of the im2col matrix is
 * kernelHeight stretches of the input, and tile.ts walks them in place. Inputs come already padded (`pad`).
 */
import { copyFloats } from './lanes';
import { packPanels } from './matmul';
import { TILE_COLUMNS, TILE_ROWS, tile } from './tile';

/** Output pixels summed per tile in the filter's gradient: what it reads then stays in the first cache. */
const BLOCK_PIXELS: i32 = 256;

// @ts-ignore: decorator
@inline
function bytes(floats: i32): usize {
  return (floats as usize) << 2;
}

/** y [batch, outHeight, outWidth, channels] = x [batch, height, width, channels] from (top, left) on, among zeros. */
export function pad(
  x: usize, y: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, top: i32, left: i32,
): void {
  memory.fill(y, 0, bytes(channels) * batch * outHeight * outWidth);
  place(x, y, batch, height, width, channels, outHeight, outWidth, top, left, 1, 1);
}

/**
 * Copies x [batch, height, width, channels] into y [batch, outHeight, outWidth, channels]: pixel (r, c) goes to
 * (top + r * rowStep, left + c * columnStep), or nowhere if that lies outside. The other pixels stay as they are.
 */
function place(
  x: usize, y: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, top: i32, left: i32, rowStep: i32, columnStep: i32,
): void {
  const pixel = bytes(channels);
  let first = 0;
  while (first < width && left + first * columnStep < 0) first++;
  let end = width;
  while (end > first && left + (end - 1) * columnStep >= outWidth) end--;
  if (first == end) return;
  for (let n = 0; n < batch; n++) {
    for (let r = 0; r < height; r++) {
      const row = top + r * rowStep;
      if (row < 0 || row >= outHeight) continue;
      let from = x + pixel * ((n * height + r) * width + first);
      let to = y + pixel * ((n * outHeight + row) * outWidth + left + first * columnStep);
      if (columnStep == 1) {
        copyFloats(to, from, pixel * (end - first));
      } else {
        for (let c = first; c < end; c++) {
          copyFloats(to, from, pixel);
          from += pixel;
          to += pixel * columnStep;
        }
      }
    }
  }
}

/**
 * y [batch, outHeight, outWidth, outChannels] = x [batch, height, width, inChannels] convolved with
 * filter [kernelHeight, kernelWidth, inChannels, outChannels], no padding.
 * `work` holds 4 * kernelHeight * kernelWidth * inChannels * (outChannels rounded up to 8) bytes.
 */
export function conv2d(
  x: usize, filter: usize, y: usize,
  batch: i32, height: i32, width: i32, inChannels: i32,
  kernelHeight: i32, kernelWidth: i32, outChannels: i32, outHeight: i32, outWidth: i32,
  strideHeight: i32, strideWidth: i32, work: usize,
): void {
  packPanels(filter, kernelHeight * kernelWidth * inChannels, outChannels, outChannels, 1, work);
  convolvePacked(
    x, work, y, batch, height, width, inChannels, kernelHeight, kernelWidth, outChannels, outHeight, outWidth,
    strideHeight, strideWidth,
  );
}

/**
 * dx [batch, outHeight, outWidth, inChannels] = dy [batch, height, width, outChannels], already padded, convolved with the
 * filter turned by 180 degrees and its channels exchanged: the gradient of a convolution of stride 1.
 * `work` holds 4 * kernelHeight * kernelWidth * outChannels * (inChannels rounded up to 8) bytes.
 */
export function conv2dInputGradient(
  dy: usize, filter: usize, dx: usize,
  batch: i32, height: i32, width: i32, inChannels: i32,
  kernelHeight: i32, kernelWidth: i32, outChannels: i32, outHeight: i32, outWidth: i32, work: usize,
): void {
  packTurned(filter, kernelHeight, kernelWidth, inChannels, outChannels, 0, 0, 1, 1, work);
  convolvePacked(
    dy, work, dx, batch, height, width, outChannels, kernelHeight, kernelWidth, inChannels, outHeight, outWidth, 1, 1,
  );
}

/** Every rowStep-th row from row0 on, and every columnStep-th column, of the filter, backwards, its channels exchanged. */
function packTurned(
  filter: usize, kernelHeight: i32, kernelWidth: i32, inChannels: i32, outChannels: i32,
  row0: i32, column0: i32, rowStep: i32, columnStep: i32, packed: usize,
): void {
  const lastRow = row0 + (kernelHeight - 1 - row0) / rowStep * rowStep;
  const lastColumn = column0 + (kernelWidth - 1 - column0) / columnStep * columnStep;
  for (let n = 0; n < inChannels; n += TILE_COLUMNS) {
    for (let u = lastRow; u >= row0; u -= rowStep) {
      for (let v = lastColumn; v >= column0; v -= columnStep) {
        const from = filter + bytes(((u * kernelWidth + v) * inChannels + n) * outChannels);
        packPanels(from, outChannels, min(TILE_COLUMNS, inChannels - n), 1, outChannels, packed);
        packed += bytes(outChannels) << 3;
      }
    }
  }
}

/**
 * The same for any strides, without multiplying the zeros between the values of dy: input pixels that lie alike between
 * the strides meet the same taps, every stride-th one, so that each such phase is a convolution of stride 1 of its own.
 * dy [batch, height, width, outChannels] begins padTop rows and padLeft columns of zeros before the gradient proper, as many
 * as the taps of a phase less one.
 * `work` holds 4 * kernelHeight * kernelWidth * outChannels * (inChannels rounded up to 8) bytes, and 4 bytes for each value
 * of the largest phase of dx.
 */
export function conv2dStridedInputGradient(
  dy: usize, filter: usize, dx: usize,
  batch: i32, height: i32, width: i32, inChannels: i32,
  kernelHeight: i32, kernelWidth: i32, outChannels: i32, outHeight: i32, outWidth: i32,
  strideHeight: i32, strideWidth: i32, top: i32, left: i32, padTop: i32, padLeft: i32, work: usize,
): void {
  const roundedChannels = (inChannels + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS;
  const phase = work + bytes(kernelHeight * kernelWidth * outChannels * roundedChannels);
  // Pixels that no tap reaches.
  if (kernelHeight < strideHeight || kernelWidth < strideWidth)
    memory.fill(dx, 0, bytes(batch * outHeight * outWidth * inChannels));
  for (let a = 0; a < min(strideHeight, kernelHeight); a++) {
    // In units of the stride: the first and last row of dx in this phase, and its taps.
    const row0 = (top - a + strideHeight - 1) / strideHeight, lastRow = outHeight - 1 + top - a;
    const rows = lastRow < 0 ? 0 : lastRow / strideHeight - row0 + 1;
    const tapRows = (kernelHeight - 1 - a) / strideHeight + 1;
    for (let b = 0; b < min(strideWidth, kernelWidth); b++) {
      const column0 = (left - b + strideWidth - 1) / strideWidth, lastColumn = outWidth - 1 + left - b;
      const columns = lastColumn < 0 ? 0 : lastColumn / strideWidth - column0 + 1;
      const tapColumns = (kernelWidth - 1 - b) / strideWidth + 1;
      if (rows <= 0 || columns <= 0) continue;
      packTurned(filter, kernelHeight, kernelWidth, inChannels, outChannels, a, b, strideHeight, strideWidth, work);
      const corner = (row0 + padTop - tapRows + 1) * width + column0 + padLeft - tapColumns + 1;
      convolvePacked(
        dy + bytes(corner * outChannels), work, phase, batch, height, width, outChannels, tapRows, tapColumns,
        inChannels, rows, columns, 1, 1,
      );
      place(
        phase, dx, batch, rows, columns, inChannels, outHeight, outWidth,
        row0 * strideHeight + a - top, column0 * strideWidth + b - left, strideHeight, strideWidth,
      );
    }
  }
}

function convolvePacked(
  x: usize, panels: usize, y: usize,
  batch: i32, height: i32, width: i32, inChannels: i32,
  kernelHeight: i32, kernelWidth: i32, outChannels: i32, outHeight: i32, outWidth: i32,
  strideHeight: i32, strideWidth: i32,
): void {
  const length = kernelWidth * inChannels;
  const rowBytes = bytes(width * inChannels), jump = rowBytes - bytes(length);
  const panelBytes = bytes(kernelHeight * length) << 3;
  const yRow = bytes(outChannels);
  const right = bytes(strideWidth * inChannels);
  const nextRow = rowBytes * strideHeight - right * outWidth;
  const nextImage = rowBytes * (height - strideHeight * outHeight);
  const pixels = batch * outHeight * outWidth;
  let at = x, column = 0, row = 0;
  let to = y;
  for (let p = 0; p < pixels; p += TILE_ROWS) {
    const rows = min(TILE_ROWS, pixels - p);
    let a0 = at, a1 = at, a2 = at, a3 = at;
    for (let i = 0; i < rows; i++) {
      if (i == 0) a0 = at;
      else if (i == 1) a1 = at;
      else if (i == 2) a2 = at;
      else a3 = at;
      at += right;
      if (++column == outWidth) {
        column = 0;
        at += nextRow;
        if (++row == outHeight) {
          row = 0;
          at += nextImage;
        }
      }
    }
    let panel = panels;
    for (let n = 0; n < outChannels; n += TILE_COLUMNS) {
      tile(
        a0, a1, a2, a3, 4, jump, panel, 32, kernelHeight, length,
        to + bytes(n), yRow, rows, min(TILE_COLUMNS, outChannels - n), false,
      );
      panel += panelBytes;
    }
    to += yRow << 2;
  }
}

/**
 * dw [kernelHeight, kernelWidth, inChannels, outChannels] = the sum over all output pixels of the input under the filter
 * times dy [batch, outHeight, outWidth, outChannels], for x [batch, height, width, inChannels], already padded.
 * `work` holds 4 * max(256, outWidth) * (outChannels rounded up to 8) bytes.
 */
export function conv2dFilterGradient(
  x: usize, dy: usize, dw: usize,
  batch: i32, height: i32, width: i32, inChannels: i32,
  kernelHeight: i32, kernelWidth: i32, outChannels: i32, outHeight: i32, outWidth: i32,
  strideHeight: i32, strideWidth: i32, work: usize,
): void {
  conv2dFilterGradientBlock(
    x, dy, dw, batch, height, width, inChannels, kernelHeight, kernelWidth, outChannels, outHeight, outWidth,
    strideHeight, strideWidth, 0, kernelHeight * kernelWidth * inChannels, 0, outChannels, work,
  );
}

/**
 * Taps firstTap to endTap (of kernelHeight * kernelWidth * inChannels) and output channels firstChannel to endChannel of
 * it, the same to the last bit: for threads (../split). firstTap is a multiple of 4, firstChannel of 8, and so
 * are the ends unless they are the last.
 */
export function conv2dFilterGradientBlock(
  x: usize, dy: usize, dw: usize,
  batch: i32, height: i32, width: i32, inChannels: i32,
  kernelHeight: i32, kernelWidth: i32, outChannels: i32, outHeight: i32, outWidth: i32,
  strideHeight: i32, strideWidth: i32,
  firstTap: i32, endTap: i32, firstChannel: i32, endChannel: i32, work: usize,
): void {
  const length = kernelWidth * inChannels, taps = kernelHeight * length;
  const rowBytes = bytes(width * inChannels);
  const aStep = bytes(strideWidth * inChannels), aJump = rowBytes * strideHeight - aStep * outWidth;
  const dyStep = bytes(outChannels);
  const unpacked = outChannels % TILE_COLUMNS == 0;
  const bStep: usize = unpacked ? dyStep : 32;
  const blockRows = max(1, BLOCK_PIXELS / outWidth);
  let accumulate = false;
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < outHeight; row += blockRows) {
      const segments = min(blockRows, outHeight - row), pixels = segments * outWidth;
      const corner = x + rowBytes * (image * height + row * strideHeight);
      let panel = dy + dyStep * ((image * outHeight + row) * outWidth) + bytes(firstChannel);
      if (!unpacked) {
        packPanels(panel, pixels, endChannel - firstChannel, outChannels, 1, work);
        panel = work;
      }
      const panelBytes: usize = unpacked ? 32 : bytes(pixels) << 3;
      for (let n = firstChannel; n < endChannel; n += TILE_COLUMNS) {
        let at = corner + rowBytes * (firstTap / length) + bytes(firstTap % length), column = firstTap % length;
        for (let t = firstTap; t < endTap; t += TILE_ROWS) {
          const rows = min(TILE_ROWS, endTap - t);
          let a0 = at, a1 = at, a2 = at, a3 = at;
          for (let i = 0; i < rows; i++) {
            if (i == 0) a0 = at;
            else if (i == 1) a1 = at;
            else if (i == 2) a2 = at;
            else a3 = at;
            at += 4;
            if (++column == length) {
              column = 0;
              at += rowBytes - bytes(length);
            }
          }
          tile(
            a0, a1, a2, a3, aStep, aJump, panel, bStep, segments, outWidth,
            dw + bytes(t * outChannels + n), dyStep, rows, min(TILE_COLUMNS, endChannel - n), accumulate,
          );
        }
        panel += panelBytes;
      }
      accumulate = true;
    }
  }
  if (!accumulate) memory.fill(dw, 0, bytes(taps * outChannels));
}
