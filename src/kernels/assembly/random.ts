/** Random numbers without state, as in ../random.ts. */

@inline
function hash(value: u32): u32 {
  let x = value;
  x ^= x >> 16;
  x *= 0x7feb352d;
  x ^= x >> 15;
  x *= 0x846ca68b;
  return x ^ (x >> 16);
}

@inline
function hash4(value: v128): v128 {
  let x = v128.xor(value, i32x4.shr_u(value, 16));
  x = i32x4.mul(x, i32x4.splat(0x7feb352d));
  x = v128.xor(x, i32x4.shr_u(x, 15));
  x = i32x4.mul(x, i32x4.splat(0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/** The stream of a site at a step, in all lanes. */
@inline
export function streamOf(seed: f32, clock: f32): v128 {
  return i32x4.splat(hash(hash(seed as u32) + (max<f32>(clock, 0) as u32)));
}

/** The random numbers in [0, 1) of four elements from `index` on. */
@inline
export function chances(stream: v128, index: i32): v128 {
  const lanes = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  return f32x4.mul(
    f32x4.convert_i32x4_s(i32x4.shr_u(hash4(v128.xor(lanes, stream)), 8)),
    f32x4.splat(5.9604644775390625e-8),
  );
}
