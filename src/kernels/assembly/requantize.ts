/** Requantization of sums by fixed-point multipliers, with 64-bit products. See ../requantize/index.ts. */

const LARGEST: f32 = 2147483520;

/** floor(log2(x)) of a float32 >= 0; -127 for 0 and subnormal numbers. */
@inline
function exponentOf(x: f32): i32 {
  return ((reinterpret<i32>(x) >>> 23) & 255) - 127;
}

/** factors [4, channels]: multiplier, multiplier of the second operand, shift, bias */
export function requantizeFactors(
  inputParams: usize, weightParams: usize, bias: usize, moreParams: usize, outParams: usize, factors: usize,
  channels: i32, moreChannels: i32,
): void {
  const rowBytes = (channels as usize) << 2;
  const outScale = load<f32>(outParams);
  for (let c: usize = 0; c < rowBytes; c += 4) {
    const scale = load<f32>(inputParams) * load<f32>(weightParams + c);
    const own = scale / outScale;
    const other = load<f32>(moreParams + (moreChannels > 1 ? c : 0)) / outScale;
    const shift = min(max(30 - exponentOf(max(own, other)), 1), 62);
    const power = reinterpret<f32>((shift + 127) << 23);
    store<f32>(factors + c, min(nearest(own * power), LARGEST));
    store<f32>(factors + rowBytes + c, min(nearest(other * power), LARGEST));
    store<f32>(factors + 2 * rowBytes + c, shift as f32);
    store<f32>(factors + 3 * rowBytes + c, nearest(load<f32>(bias + c) / scale));
  }
}

/** y [n] from sums [n], float32 or int32, and a second operand of n values or one. */
export function requantize(
  sums: usize, integers: i32, more: usize, several: i32, factors: usize, outParams: usize, settings: usize, y: usize,
  n: i32, channels: i32,
): void {
  const rowBytes = (channels as usize) << 2;
  const zeroPoint = load<f32>(outParams, 8);
  const low = (load<f32>(settings) - zeroPoint) as i64;
  const high = (load<f32>(settings, 4) - zeroPoint) as i64;
  const end = sums + ((n as usize) << 2);
  const step: usize = several ? 4 : 0;
  let c: usize = 0;
  for (; sums < end; sums += 4, y += 4, more += step) {
    const multiplier = load<f32>(factors + c);
    const other = load<f32>(factors + rowBytes + c);
    const shift = load<f32>(factors + 2 * rowBytes + c) as i64;
    const bias = load<f32>(factors + 3 * rowBytes + c);
    c += 4;
    if (c == rowBytes) c = 0;
    const added = load<f32>(more);
    const trouble = multiplier + other + bias + added + (integers ? 0 : load<f32>(sums));
    if (trouble != trouble) {
      store<f32>(y, NaN);
      continue;
    }
    const sum: i64 = integers ? (load<i32>(sums) as i64) : (load<f32>(sums) as i64);
    const v = (sum + (bias as i64)) * (multiplier as i64) + (added as i64) * (other as i64);
    const rounded = (v + ((1 as i64) << (shift - 1)) - 1 + ((v >> shift) & 1)) >> shift;
    store<f32>(y, min(max(rounded, low), high) as f32);
  }
}
