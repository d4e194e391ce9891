/**
 * The hyperbolic tangent as one rational polynomial, x P(x^2) / Q(x^2) of degrees 13 and 6, the same on every backend,
 * because a quantizer turns a difference of one bit into a whole step. It is Eigen's float tanh
 * (Eigen/src/Core/MathFunctionsImpl.h, the version without fused multiply-add). Its relative error is at most 4.1e-7, 7 ULP
 * just below 1 (measured over 4 million arguments).
 */

/** Where the polynomial, in float32, reaches 1; the argument is clamped to it. */
export const tanhLimit = 7.905311107635498;
/** Below this tanh(x) = x within one ULP. */
export const tanhLinear = 0.0004;
/** Coefficients of the numerator, highest power first: x^13, x^11 ... x. */
export const tanhNumerator = [
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
  1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3,
] as const;
/** Coefficients of the denominator, highest power first: x^6 ... 1. */
export const tanhDenominator = [
  1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3,
] as const;

const numerator = Float32Array.from(tanhNumerator);
const denominator = Float32Array.from(tanhDenominator);

/** Horner's rule in float32: a rounding after every product and every sum. */
function horner(coefficients: Float32Array, x: number): number {
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) sum = Math.fround(Math.fround(sum * x) + coefficients[i]!);
  return sum;
}

const limit = Math.fround(tanhLimit);
const linear = Math.fround(tanhLinear);

/** tanh(x) for a float32 x, rounded to float32 after every operation. */
export function tanhFloat32(x: number): number {
  if (Math.abs(x) < linear) return x;
  const clamped = Math.min(Math.max(x, -limit), limit);
  const square = Math.fround(clamped * clamped);
  return Math.fround(Math.fround(clamped * horner(numerator, square)) / horner(denominator, square));
}

/** 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2 for a float32 x, rounded to float32 after every operation. */
export function sigmoidFloat32(x: number): number {
  return Math.fround(0.5 * tanhFloat32(0.5 * x) + 0.5);
}

const hornerWgsl = (coefficients: readonly number[]) =>
  coefficients
    .slice(1)
    .reduce(
      (sum, c) => `exact(exact(${sum} * square) + ${c.toExponential()})`,
      `${coefficients[0]!.toExponential()}`,
    );

/** `fn tanhFloat32(x: f32) -> f32` in WGSL. */
export const tanhWgsl = `
fn tanhFloat32(x: f32) -> f32 {
  if (isNan(x) || abs(x) < ${tanhLinear}) { return x; }
  let clamped = clamp(x, -${tanhLimit}, ${tanhLimit});
  let square = exact(clamped * clamped);
  let numerator = exact(clamped * ${hornerWgsl(tanhNumerator)});
  return divide(numerator, ${hornerWgsl(tanhDenominator)});
}
`;

/** `fn sigmoidFloat32(x: f32) -> f32` in WGSL, which needs tanhWgsl. The product is exact, so fusing it changes nothing. */
export const sigmoidWgsl = `
fn sigmoidFloat32(x: f32) -> f32 {
  return exact(0.5 * tanhFloat32(0.5 * x) + 0.5);
}
`;
