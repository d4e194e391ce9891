/**
 * The Gaussian error linear unit in its tanh form, x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): Hendrycks and
 * Gimpel 2016; PyTorch's gelu(approximate='tanh'). It differs from the form with erf by at most 5e-4. As tanh.ts, the
 * same operations in the same order on every backend.
 */
import { tanhFloat32 } from './tanh';

const fround = Math.fround;

/** tanh's argument is x (linear + cubic x^2). */
export const geluLinear = 0.7978845608028654;
export const geluCubic = 0.7978845608028654 * 0.044715;
/** From here on tanh is 1 and the function x or 0: the slope is taken at no larger argument, whose square might overflow. */
export const geluLimit = 10;

const linear = fround(geluLinear);
const cubic = fround(geluCubic);
const slopeCubic = fround(3 * geluCubic);

function tanhTerm(x: number): number {
  const square = fround(x * x);
  return tanhFloat32(fround(x * fround(fround(cubic * square) + linear)));
}

/** gelu(x) for a float32 x, to be rounded to float32. */
export function geluFloat32(x: number): number {
  return fround(0.5 * x) * fround(1 + tanhTerm(x));
}

/** The derivative at x. */
export function geluSlope(x: number): number {
  const clamped = Math.min(Math.max(x, -geluLimit), geluLimit);
  const t = tanhTerm(clamped);
  const inner = fround(fround(slopeCubic * fround(clamped * clamped)) + linear);
  const curved = fround(fround(clamped * fround(1 - fround(t * t))) * inner);
  return fround(0.5 * fround(fround(1 + t) + curved));
}

/** `geluFloat32` and `geluSlope` in WGSL; they need tanhWgsl. */
export const geluWgsl = `
fn geluTanh(x: f32) -> f32 {
  let square = exact(x * x);
  return tanhFloat32(exact(x * exact(exact(${cubic} * square) + ${linear})));
}

fn geluFloat32(x: f32) -> f32 {
  return exact(0.5 * x) * exact(1.0 + geluTanh(x));
}

fn geluSlope(x: f32) -> f32 {
  let clamped = clamp(x, -${geluLimit}.0, ${geluLimit}.0);
  let t = geluTanh(clamped);
  let inner = exact(exact(${slopeCubic} * exact(clamped * clamped)) + ${linear});
  let curved = exact(exact(clamped * exact(1.0 - exact(t * t))) * inner);
  return select(0.5 * exact(exact(1.0 + t) + curved), uniforms.nan, isNan(x));
}
`;
