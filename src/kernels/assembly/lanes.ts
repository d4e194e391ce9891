/** What several kernels do with four values at once. */

/** Stores the first of four values, at the end of a row whose length is not a multiple of four. */
@inline
export function storeLane(to: usize, value: v128): void {
  store<f32>(to, f32x4.extract_lane(value, 0));
}

/** Copies floats, `bytes` bytes of them, to another place: V8's memory.copy takes five times as long. */
export function copyFloats(to: usize, from: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    v128.store(to + i, v128.load(from + i));
    v128.store(to + i, v128.load(from + i, 16), 16);
    v128.store(to + i, v128.load(from + i, 32), 32);
    v128.store(to + i, v128.load(from + i, 48), 48);
  }
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < bytes; i += 4) store<i32>(to + i, load<i32>(from + i));
}

@inline
function step(sum: v128, x: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(coefficient));
}

/** tanh as in ../epilogue/tanh.ts, to the last bit. */
@inline
export function tanh4(x: v128): v128 {
  const limit = f32x4.splat(7.90531110763549805);
  // The pseudo-minimum is one instruction, and keeps a NaN that comes first.
  const clamped = f32x4.pmin(f32x4.pmax(x, f32x4.neg(limit)), limit);
  const square = f32x4.mul(clamped, clamped);
  let p = step(f32x4.splat(-2.76076847742355e-16), square, 2.00018790482477e-13);
  p = step(p, square, -8.60467152213735e-11);
  p = step(p, square, 5.12229709037114e-8);
  p = step(p, square, 1.48572235717979e-5);
  p = step(p, square, 6.37261928875436e-4);
  p = step(p, square, 4.89352455891786e-3);
  let q = step(f32x4.splat(1.19825839466702e-6), square, 1.18534705686654e-4);
  q = step(q, square, 2.2684346324390e-3);
  q = step(q, square, 4.89352518554385e-3);
  const ratio = f32x4.div(f32x4.mul(clamped, p), q);
  return v128.bitselect(x, ratio, f32x4.lt(f32x4.abs(x), f32x4.splat(0.0004)));
}

/** tanh(sqrt(2 / pi) (x + 0.044715 x^3)) as in ../epilogue/gelu.ts. */
@inline
function geluTanh4(x: v128): v128 {
  const square = f32x4.mul(x, x);
  const inner = f32x4.add(
    f32x4.mul(f32x4.splat(0.7978845608028654 * 0.044715), square),
    f32x4.splat(0.7978845608028654),
  );
  return tanh4(f32x4.mul(x, inner));
}

/** GELU as in ../epilogue/gelu.ts, to the last bit. */
@inline
export function gelu4(x: v128): v128 {
  return f32x4.mul(f32x4.mul(f32x4.splat(0.5), x), f32x4.add(f32x4.splat(1), geluTanh4(x)));
}

/** The derivative of GELU at x. */
@inline
export function geluSlope4(x: v128): v128 {
  const one = f32x4.splat(1);
  const limit = f32x4.splat(10);
  const clamped = f32x4.pmin(f32x4.pmax(x, f32x4.neg(limit)), limit);
  const t = geluTanh4(clamped);
  const inner = f32x4.add(
    f32x4.mul(f32x4.splat(3 * 0.7978845608028654 * 0.044715), f32x4.mul(clamped, clamped)),
    f32x4.splat(0.7978845608028654),
  );
  const curved = f32x4.mul(f32x4.mul(clamped, f32x4.sub(one, f32x4.mul(t, t))), inner);
  return f32x4.mul(f32x4.splat(0.5), f32x4.add(f32x4.add(one, t), curved));
}

/** 1 / (1 + exp(-x)) as in ../epilogue/tanh.ts, to the last bit. */
@inline
export function sigmoid4(x: v128): v128 {
  const half = f32x4.splat(0.5);
  return f32x4.add(f32x4.mul(half, tanh4(f32x4.mul(half, x))), half);
}

/** As in ../attentionSoftmax/exp.ts, to the last bit: exp(x) for x <= 0 within 2 ULP, 0 below -87 (Cephes expf, S. Moshier). NaN stays NaN. */
@inline
export function exp4(x: v128): v128 {
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  // ln 2 in two parts, so that x - n ln 2 keeps its last bits.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, f32x4.splat(-87)));
}

/** Four values, or one in every lane at the end of a row. `whole` is to be a constant. */
@inline
export function get(at: usize, whole: bool): v128 {
  return whole ? v128.load(at) : v128.load32_splat(at);
}

/** Stores what `get` began with. */
@inline
export function put(at: usize, value: v128, whole: bool): void {
  if (whole) v128.store(at, value);
  else storeLane(at, value);
}

/** The sum of four lanes, in pairs: how every backend ends a sum of ../rowSum.ts. */
@inline
export function sumOfLanes(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  );
}
