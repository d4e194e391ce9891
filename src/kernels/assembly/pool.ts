/**
 * Maximum pooling of NHWC tensors and its gradient. NaN counts as larger than every number, so that it reaches the
 * output. Windows are clipped to the input (padding never wins) and each holds at least one pixel.
 */

// @ts-ignore: decorator
@inline
function bytes(floats: i32): usize {
  return (floats as usize) << 2;
}

// @ts-ignore: decorator
@inline
function beats(value: f32, best: f32): bool {
  return value > best || (value != value && best == best);
}

/** y [batch, outHeight, outWidth, channels] = the maxima of x [batch, height, width, channels] under each window. */
export function maxPool(
  x: usize, y: usize, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  windowHeight: i32, windowWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  const pixel = bytes(channels), row = pixel * width;
  const small = windowHeight == 2 && windowWidth == 2;
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < outHeight; i++) {
      const r = i * strideHeight - top, r0 = max(r, 0), r1 = min(r + windowHeight, height);
      for (let j = 0; j < outWidth; j++) {
        const q = j * strideWidth - left, q0 = max(q, 0), q1 = min(q + windowWidth, width);
        const corner = x + row * r0 + pixel * q0;
        let c = 0;
        if (small && r1 - r0 == 2 && q1 - q0 == 2) {
          for (; c + 4 <= channels; c += 4) {
            const at = corner + bytes(c);
            const a = v128.load(at), b = v128.load(at + pixel), d = v128.load(at + row), e = v128.load(at + row + pixel);
            const broken = v128.or(
              v128.or(f32x4.ne(a, a), f32x4.ne(b, b)), v128.or(f32x4.ne(d, d), f32x4.ne(e, e)),
            );
            v128.store(y, v128.or(f32x4.pmax(f32x4.pmax(f32x4.pmax(a, b), d), e), broken));
            y += 16;
          }
        }
        for (; c + 4 <= channels; c += 4) {
          let best = v128.load(corner + bytes(c));
          let broken = f32x4.splat(0);
          let line = corner + bytes(c);
          for (let u = r0; u < r1; u++) {
            let at = line;
            for (let v = q0; v < q1; v++) {
              const value = v128.load(at);
              best = f32x4.pmax(best, value);
              broken = v128.or(broken, f32x4.ne(value, value));
              at += pixel;
            }
            line += row;
          }
          v128.store(y, v128.or(best, broken));
          y += 16;
        }
        for (; c < channels; c++) {
          let best = load<f32>(corner + bytes(c));
          let line = corner + bytes(c);
          for (let u = r0; u < r1; u++) {
            let at = line;
            for (let v = q0; v < q1; v++) {
              best = max<f32>(best, load<f32>(at));
              at += pixel;
            }
            line += row;
          }
          store<f32>(y, best);
          y += 4;
        }
      }
    }
    x += row * height;
  }
}

/** Where a value wins over the best so far. */
// @ts-ignore: decorator
@inline
function wins(value: v128, best: v128): v128 {
  return v128.or(f32x4.gt(value, best), v128.andnot(f32x4.ne(value, value), f32x4.ne(best, best)));
}

/** Sends four channels of a 2x2 window's gradient, where no other window reaches, from the pixel at x to that at dx. */
// @ts-ignore: decorator
@inline
function sendFour(x: usize, gradient: v128, dx: usize, pixel: usize, row: usize): void {
  let best = v128.load(x);
  let value = v128.load(x + pixel);
  const second = wins(value, best);
  best = v128.bitselect(value, best, second);
  value = v128.load(x + row);
  const third = wins(value, best);
  best = v128.bitselect(value, best, third);
  const fourth = wins(v128.load(x + row + pixel), best);
  const late = v128.or(third, fourth);
  v128.store(dx, v128.andnot(gradient, v128.or(second, late)));
  v128.store(dx + pixel, v128.andnot(v128.and(gradient, second), late));
  v128.store(dx + row, v128.andnot(v128.and(gradient, third), fourth));
  v128.store(dx + row + pixel, v128.and(gradient, fourth));
}

/**
 * dx [batch, height, width, channels] = dy [batch, outHeight, outWidth, channels] sent to the first maximum of each
 * window, in row-major order. Where windows overlap, contributions add up in the order of the output.
 */
export function maxPoolGradient(
  x: usize, dy: usize, dx: usize,
  batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  windowHeight: i32, windowWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  const pixel = bytes(channels), row = pixel * width;
  const apart = windowHeight == 2 && windowWidth == 2 && strideHeight >= 2 && strideWidth >= 2;
  for (let image = 0; image < batch; image++) {
    let zeros = 0;
    for (let i = 0; i < outHeight; i++) {
      const r = i * strideHeight - top, r0 = max(r, 0), r1 = min(r + windowHeight, height);
      // Zeros right before the gradients that go there: they are still in the first cache.
      const end = i + 1 == outHeight ? height : r1;
      if (end > zeros) {
        memory.fill(dx + row * zeros, 0, row * (end - zeros));
        zeros = end;
      }
      for (let j = 0; j < outWidth; j++) {
        const q = j * strideWidth - left, q0 = max(q, 0), q1 = min(q + windowWidth, width);
        const corner = row * r0 + pixel * q0;
        let c = 0;
        if (apart && r1 - r0 == 2 && q1 - q0 == 2) {
          for (; c + 4 <= channels; c += 4) {
            sendFour(x + corner + bytes(c), v128.load(dy), dx + corner + bytes(c), pixel, row);
            dy += 16;
          }
        }
        for (; c + 4 <= channels; c += 4) {
          let line = x + corner + bytes(c);
          let best = v128.load(line);
          let winner = i32x4.splat(line as i32);
          for (let u = r0; u < r1; u++) {
            let at = line;
            for (let v = q0; v < q1; v++) {
              const value = v128.load(at);
              const larger = v128.or(
                f32x4.gt(value, best),
                v128.andnot(f32x4.ne(value, value), f32x4.ne(best, best)),
              );
              best = v128.bitselect(value, best, larger);
              winner = v128.bitselect(i32x4.splat(at as i32), winner, larger);
              at += pixel;
            }
            line += row;
          }
          const gradient = v128.load(dy);
          line = x + corner + bytes(c);
          for (let u = r0; u < r1; u++) {
            let at = line;
            for (let v = q0; v < q1; v++) {
              const to = at - x + dx;
              const mine = i32x4.eq(winner, i32x4.splat(at as i32));
              v128.store(to, f32x4.add(v128.load(to), v128.and(gradient, mine)));
              at += pixel;
            }
            line += row;
          }
          dy += 16;
        }
        for (; c < channels; c++) {
          let line = x + corner + bytes(c);
          let winner = line;
          let best = load<f32>(line);
          for (let u = r0; u < r1; u++) {
            let at = line;
            for (let v = q0; v < q1; v++) {
              const value = load<f32>(at);
              if (beats(value, best)) {
                best = value;
                winner = at;
              }
              at += pixel;
            }
            line += row;
          }
          const to = winner - x + dx;
          store<f32>(to, load<f32>(to) + load<f32>(dy));
          dy += 4;
        }
      }
    }
    x += row * height;
    dx += row * height;
  }
}
