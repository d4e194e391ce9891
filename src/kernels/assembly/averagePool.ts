/** Average pooling of NHWC images and its gradient. Padding is not counted. See ../averagePool2d/index.ts. */
import { storeLane } from './lanes';

// @ts-ignore: decorator
@inline
function bytes(floats: i32): usize {
  return (floats as usize) << 2;
}

/** The sum of a rectangle of pixels in row-major order, of four channels or of one. */
// @ts-ignore: decorator
@inline
function sumOf(at: usize, row: usize, pixel: usize, rows: i32, columns: i32, whole: bool): v128 {
  let sum = f32x4.splat(0);
  for (let i = 0; i < rows; i++) {
    let p = at;
    for (let j = 0; j < columns; j++) {
      sum = f32x4.add(sum, whole ? v128.load(p) : v128.load32_splat(p));
      p += pixel;
    }
    at += row;
  }
  return sum;
}

/** y [batch, outHeight, outWidth, channels] = the means of x [batch, height, width, channels] under each window */
export function averagePool(
  x: usize, y: usize, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  windowHeight: i32, windowWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  const pixel = bytes(channels), row = pixel * width;
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < outHeight; i++) {
      const r = i * strideHeight - top, r0 = max(r, 0), rows = min(r + windowHeight, height) - r0;
      for (let j = 0; j < outWidth; j++) {
        const q = j * strideWidth - left, q0 = max(q, 0), columns = min(q + windowWidth, width) - q0;
        const corner = x + row * r0 + pixel * q0;
        const share = f32x4.splat(1 / ((rows * columns) as f32));
        let c: usize = 0;
        for (; c + 16 <= pixel; c += 16)
          v128.store(y + c, f32x4.mul(sumOf(corner + c, row, pixel, rows, columns, true), share));
        for (; c < pixel; c += 4)
          storeLane(y + c, f32x4.mul(sumOf(corner + c, row, pixel, rows, columns, false), share));
        y += pixel;
      }
    }
    x += row * height;
  }
}

/** dx [batch, height, width, channels] = dy spread evenly over its window, overlaps added in the order of the output */
export function averagePoolGradient(
  dy: usize, dx: usize, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  windowHeight: i32, windowWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  const pixel = bytes(channels), row = pixel * width;
  memory.fill(dx, 0, row * height * batch);
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < outHeight; i++) {
      const r = i * strideHeight - top, r0 = max(r, 0), rows = min(r + windowHeight, height) - r0;
      for (let j = 0; j < outWidth; j++) {
        const q = j * strideWidth - left, q0 = max(q, 0), columns = min(q + windowWidth, width) - q0;
        const share = f32x4.splat(1 / ((rows * columns) as f32));
        let line = dx + row * r0 + pixel * q0;
        for (let u = 0; u < rows; u++) {
          let to = line;
          for (let v = 0; v < columns; v++) {
            let c: usize = 0;
            for (; c + 16 <= pixel; c += 16)
              v128.store(to + c, f32x4.add(v128.load(to + c), f32x4.mul(v128.load(dy + c), share)));
            for (; c < pixel; c += 4)
              storeLane(to + c, f32x4.add(v128.load32_splat(to + c), f32x4.mul(v128.load32_splat(dy + c), share)));
            to += pixel;
          }
          line += row;
        }
        dy += pixel;
      }
    }
    dx += row * height;
  }
}
