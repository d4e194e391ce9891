/**
 * Windows of an image, channel by channel, four channels at a time. Where channels are no multiple of four, the lanes beyond the
 * last are written too, and overwritten by the next pixel.
 */

/**
 * The largest of each window.
 * @param x i32; pixels are [channels], windows' rows `rowBytes` apart, windows `down` and `right` bytes
 * @param y i32 [outHeight, outWidth, channels], and 16 bytes more
 */
export function maxPool(
  x: usize,
  outHeight: i32,
  outWidth: i32,
  down: i32,
  right: i32,
  rows: i32,
  columns: i32,
  rowBytes: i32,
  channels: i32,
  y: usize,
): void {
  const pixel = <usize>channels << 2;
  for (let i = 0; i < outHeight; i++)
    for (let j = 0; j < outWidth; j++) {
      const window = x + i * down + j * right;
      for (let c: usize = 0; c < pixel; c += 16) {
        let most = v128.load(window + c);
        for (let row = 0; row < rows; row++) {
          let from = window + row * rowBytes + c;
          for (let column = 0; column < columns; column++) {
            most = i32x4.max_s(most, v128.load(from));
            from += pixel;
          }
        }
        v128.store(y + c, most);
      }
      y += pixel;
    }
}

/** The sum of each window and `start`; as `maxPool`. */
export function sumPool(
  x: usize,
  outHeight: i32,
  outWidth: i32,
  down: i32,
  right: i32,
  rows: i32,
  columns: i32,
  rowBytes: i32,
  channels: i32,
  start: i32,
  y: usize,
): void {
  const pixel = <usize>channels << 2;
  for (let i = 0; i < outHeight; i++)
    for (let j = 0; j < outWidth; j++) {
      const window = x + i * down + j * right;
      for (let c: usize = 0; c < pixel; c += 16) {
        let sum = i32x4.splat(start);
        for (let row = 0; row < rows; row++) {
          let from = window + row * rowBytes + c;
          for (let column = 0; column < columns; column++) {
            sum = i32x4.add(sum, v128.load(from));
            from += pixel;
          }
        }
        v128.store(y + c, sum);
      }
      y += pixel;
    }
}
