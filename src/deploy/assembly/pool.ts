/**
 * Windows of an image, channel by channel, four channels at a time. Where channels are no multiple of four, the lanes beyond the
 * last are written too, and overwritten by the next pixel.
 */

/** Both kinds; inlined with a constant, so that each has a loop of its own. */
@inline
function pool(
  isMax: bool,
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
        let value = isMax ? v128.load(window + c) : i32x4.splat(start);
        for (let row = 0; row < rows; row++) {
          let from = window + row * rowBytes + c;
          for (let column = 0; column < columns; column++) {
            const next = v128.load(from);
            value = isMax ? i32x4.max_s(value, next) : i32x4.add(value, next);
            from += pixel;
          }
        }
        v128.store(y + c, value);
      }
      y += pixel;
    }
}

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
  pool(true, x, outHeight, outWidth, down, right, rows, columns, rowBytes, channels, 0, y);
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
  pool(false, x, outHeight, outWidth, down, right, rows, columns, rowBytes, channels, start, y);
}
