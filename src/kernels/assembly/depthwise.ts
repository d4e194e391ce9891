/**
 * Depthwise convolution of x [batch, height, width, channels] with filter [windowHeight, windowWidth, channels], and its
 * gradients. Every sum runs in a fixed order, four channels at a time. See ../depthwiseConv2d/index.ts.
 */
import { storeLane } from './lanes';

// @ts-ignore: decorator
@inline
function bytes(floats: i32): usize {
  return (floats as usize) << 2;
}

/** Four values, or the last ones of a row one by one, each in all lanes. */
// @ts-ignore: decorator
@inline
function read(at: usize, whole: bool): v128 {
  return whole ? v128.load(at) : v128.load32_splat(at);
}

/** The sum over rows and columns of a * b, where a and b each advance by their own steps per row and column. */
// @ts-ignore: decorator
@inline
function dot(
  a: usize, aRow: isize, aColumn: isize, b: usize, bRow: isize, bColumn: isize, rows: i32, columns: i32, whole: bool,
): v128 {
  let sum = f32x4.splat(0);
  for (let i = 0; i < rows; i++) {
    let p = a, q = b;
    for (let j = 0; j < columns; j++) {
      sum = f32x4.add(sum, f32x4.mul(read(p, whole), read(q, whole)));
      p += aColumn;
      q += bColumn;
    }
    a += aRow;
    b += bRow;
  }
  return sum;
}

/** `dot` for each channel, written to y. */
// @ts-ignore: decorator
@inline
function dots(
  a: usize, aRow: isize, aColumn: isize, b: usize, bRow: isize, bColumn: isize, rows: i32, columns: i32,
  y: usize, channels: i32,
): void {
  const end = bytes(channels);
  let c: usize = 0;
  for (; c + 16 <= end; c += 16)
    v128.store(y + c, dot(a + c, aRow, aColumn, b + c, bRow, bColumn, rows, columns, true));
  for (; c < end; c += 4)
    storeLane(y + c, dot(a + c, aRow, aColumn, b + c, bRow, bColumn, rows, columns, false));
}

/** y [batch, outHeight, outWidth, channels]; taps in the padding are left out */
export function depthwise(
  x: usize, filter: usize, y: usize,
  batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  windowHeight: i32, windowWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  const pixel = bytes(channels), row = pixel * width;
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < outHeight; i++) {
      const r = i * strideHeight - top, u0 = max(-r, 0), u1 = min(windowHeight, height - r);
      for (let j = 0; j < outWidth; j++) {
        const q = j * strideWidth - left, v0 = max(-q, 0), v1 = min(windowWidth, width - q);
        dots(
          x + row * (r + u0) + pixel * (q + v0), row, pixel,
          filter + pixel * (u0 * windowWidth + v0), pixel * windowWidth, pixel,
          u1 - u0, v1 - v0, y, channels,
        );
        y += pixel;
      }
    }
    x += row * height;
  }
}

/** dx [batch, height, width, channels]: for each pixel, the windows over it in ascending order */
export function depthwiseInputGradient(
  dy: usize, filter: usize, dx: usize,
  batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  windowHeight: i32, windowWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  const pixel = bytes(channels), outRow = pixel * outWidth;
  // From one window to the next, the tap that a pixel lies under moves back by a stride.
  const tapRow = -((pixel * strideHeight * windowWidth) as isize), tapColumn = -((pixel * strideWidth) as isize);
  for (let image = 0; image < batch; image++) {
    for (let r = top; r < height + top; r++) {
      const i0 = max((r - windowHeight + strideHeight) / strideHeight, 0), i1 = min(r / strideHeight, outHeight - 1);
      for (let q = left; q < width + left; q++) {
        const j0 = max((q - windowWidth + strideWidth) / strideWidth, 0), j1 = min(q / strideWidth, outWidth - 1);
        const tap = (r - i0 * strideHeight) * windowWidth + q - j0 * strideWidth;
        dots(
          dy + outRow * i0 + pixel * j0, outRow, pixel, filter + pixel * tap, tapRow, tapColumn,
          i1 - i0 + 1, j1 - j0 + 1, dx, channels,
        );
        dx += pixel;
      }
    }
    dy += outRow * outHeight;
  }
}

/** dw [windowHeight, windowWidth, channels]: sums over each row of the output, added up in the order of the rows */
export function depthwiseFilterGradient(
  x: usize, dy: usize, dw: usize,
  batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  windowHeight: i32, windowWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  depthwiseFilterGradientBlock(
    x, dy, dw, batch, height, width, channels, outHeight, outWidth, windowHeight, windowWidth,
    strideHeight, strideWidth, top, left, 0, channels,
  );
}

/** Channels firstChannel to endChannel of it, the same to the last bit: for threads (../split). */
export function depthwiseFilterGradientBlock(
  x: usize, dy: usize, dw: usize,
  batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  windowHeight: i32, windowWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32,
  firstChannel: i32, endChannel: i32,
): void {
  const pixel = bytes(channels), row = pixel * width, step = pixel * strideWidth;
  const first = bytes(firstChannel), end = bytes(endChannel);
  for (let tap = 0; tap < windowHeight * windowWidth; tap++)
    memory.fill(dw + pixel * tap + first, 0, end - first);
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < outHeight; i++) {
      const r = i * strideHeight - top;
      for (let u = max(-r, 0); u < min(windowHeight, height - r); u++) {
        for (let v = 0; v < windowWidth; v++) {
          // Output columns whose tap v is a pixel.
          const q = v - left;
          const j0 = q < 0 ? (-q + strideWidth - 1) / strideWidth : 0;
          const j1 = width - q > 0 ? min((width - q - 1) / strideWidth + 1, outWidth) : 0;
          const a = x + row * (r + u) + pixel * q + step * j0, b = dy + pixel * j0;
          const to = dw + pixel * (u * windowWidth + v);
          let c: usize = first;
          for (; c + 16 <= end; c += 16) {
            const sum = dot(a + c, 0, step, b + c, 0, pixel, 1, j1 - j0, true);
            v128.store(to + c, f32x4.add(v128.load(to + c), sum));
          }
          for (; c < end; c += 4) {
            const sum = dot(a + c, 0, step, b + c, 0, pixel, 1, j1 - j0, false);
            storeLane(to + c, f32x4.add(v128.load32_splat(to + c), sum));
          }
        }
      }
      dy += pixel * outWidth;
    }
    x += row * height;
  }
}
