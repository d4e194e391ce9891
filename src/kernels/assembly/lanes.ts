/** What several kernels do with four values at once. */

/** Stores the first of four values, at the end of a row whose length is not a multiple of four. */
@inline
export function storeLane(to: usize, value: v128): void {
  store<f32>(to, f32x4.extract_lane(value, 0));
}

@inline
function step(sum: v128, x: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(coefficient));
}

/** tanh as in ../epilogue/tanh.ts, to the last bit. */
@inline
export function tanh4(x: v128): v128 {
  const limit = f32x4.splat(7.90531110763549805);
  const clamped = f32x4.min(f32x4.max(x, f32x4.neg(limit)), limit);
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
  const clamped = f32x4.min(f32x4.max(x, f32x4.neg(limit)), limit);
  const t = geluTanh4(clamped);
  const inner = f32x4.add(
    f32x4.mul(f32x4.splat(3 * 0.7978845608028654 * 0.044715), f32x4.mul(clamped, clamped)),
    f32x4.splat(0.7978845608028654),
  );
  const curved = f32x4.mul(f32x4.mul(clamped, f32x4.sub(one, f32x4.mul(t, t))), inner);
  return f32x4.mul(f32x4.splat(0.5), f32x4.add(f32x4.add(one, t), curved));
}
