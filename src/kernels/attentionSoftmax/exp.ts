/**
 * exp(x) for x <= 0 as one polynomial, the same on every backend (Cephes' expf, S. Moshier): within 2 ULP, and 0 below
 * the limit, so that neither it nor a softmax over up to 2^33 values is subnormal, which GPUs flush to 0.
 */
import { roundHalfEven } from '../rounding';

/** Below this, exp(x) < 1.7e-28 counts as 0. */
export const expLimit = -64;

/** ln 2 in two parts, so that x - n ln 2 keeps its last bits. */
const ln2High = 0.693359375;
const ln2Low = -2.1219444e-4;
/** Highest power first. */
const coefficients = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
] as const;

const { fround } = Math;
const rounded = Float32Array.from(coefficients);
const inverseLn2 = fround(Math.LOG2E);
const low = fround(ln2Low);

/** exp(x) for a float32 x <= 0, rounded to float32 after every operation. NaN stays NaN. */
export function expFloat32(x: number): number {
  if (x < expLimit) return 0;
  const n = roundHalfEven(fround(x * inverseLn2));
  const r = fround(fround(x - fround(n * ln2High)) - fround(n * low));
  let p = rounded[0]!;
  for (let i = 1; i < rounded.length; i++) p = fround(fround(p * r) + rounded[i]!);
  p = fround(fround(fround(p * fround(r * r)) + r) + 1);
  return p * 2 ** n;
}

const horner = coefficients
  .slice(1)
  .reduce(
    (sum, c) => `exact(exact(${sum} * r) + ${c.toExponential()})`,
    `${coefficients[0].toExponential()}`,
  );

/** `fn expFloat32(x: f32) -> f32` in WGSL. */
export const expWgsl = `
fn expFloat32(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x < ${expLimit}.0) { return 0.0; }
  let n = round(exact(x * ${Math.LOG2E}));
  let r = exact(exact(x - exact(n * ${ln2High})) - exact(n * ${ln2Low.toExponential()}));
  let p = exact(exact(exact(${horner} * exact(r * r)) + r) + 1.0);
  return p * bitcast<f32>(u32(i32(n) + 127) << 23u);
}
`;
