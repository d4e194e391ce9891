/** Layer norm of integers without gamma and beta. See ../integerLayerNorm/index.ts. */

/** y [rows, depth] in steps of 2^-10 from x [rows, depth] of the scale in params. */
export function integerLayerNorm(x: usize, params: usize, y: usize, rows: i32, depth: i32): void {
  const rowBytes = (depth as usize) << 2;
  const scale = load<f32>(params);
  const ratio: f32 = ((1e-5 as f32) * (depth as f32) * (depth as f32)) / (scale * scale);
  const added = min(nearest(ratio), 1073741824 as f32);
  for (let row = 0; row < rows; row++) {
    let sum: f64 = 0;
    let squares: f64 = 0;
    for (let c: usize = 0; c < rowBytes; c += 4) {
      const value = load<f32>(x + c) as f64;
      sum += value;
      squares += value * value;
    }
    let n = (depth as f64) * squares - sum * sum + (added as f64);
    if (n < 1) n = 1;
    let power: f64 = 1024;
    if (n == n)
      while (n < 1073741824) {
        n *= 4;
        power *= 2;
      }
    const root = floor(sqrt(n));
    const half = floor(root / 2);
    for (let c: usize = 0; c < rowBytes; c += 4) {
      const centred = (depth as f64) * (load<f32>(x + c) as f64) - sum;
      const steps = floor((abs(centred) * power + half) / root);
      store<f32>(y + c, (centred < 0 ? -steps : steps) as f32);
    }
    x += rowBytes;
    y += rowBytes;
  }
}
