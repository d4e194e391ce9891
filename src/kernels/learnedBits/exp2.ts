/**
 * 2^x as a polynomial for the fraction and the bits of the float for the whole, the same on every backend: the width that
 * is learned decides how a whole tensor is rounded. Exact for whole x; elsewhere within 2 ULP.
 */

/** ln(2)^k / k!, k from 7 to 0: Taylor's polynomial of 2^f, whose rest is below 6e-9 for |f| <= 1/2. */
const coefficients = Float32Array.from({ length: 8 }, (_, i) => {
  const k = 7 - i;
  let term = 1;
  for (let j = 1; j <= k; j++) term *= Math.LN2 / j;
  return term;
});
/** Arguments are clamped to it, so that the result and its inverse are normal numbers. */
export const exp2Limit = 24;

const { fround } = Math;

/** 2^x for a float32 x, rounded to float32 after every operation. NaN stays NaN. */
export function exp2Float32(x: number): number {
  const clamped = Math.min(Math.max(x, -exp2Limit), exp2Limit);
  const whole = Math.floor(fround(clamped + 0.5));
  const f = fround(clamped - whole);
  let sum = coefficients[0]!;
  for (const coefficient of coefficients.subarray(1)) sum = fround(fround(sum * f) + coefficient);
  return sum * 2 ** whole;
}

/** The same in WGSL. */
export const exp2Wgsl = `
fn exp2Float32(x: f32) -> f32 {
  let clamped = clamp(x, -${exp2Limit}.0, ${exp2Limit}.0);
  let whole = floor(clamped + 0.5);
  let f = exact(clamped - whole);
  var sum = ${coefficients[0]!}f;
${[...coefficients.subarray(1)].map((c) => `  sum = exact(exact(sum * f) + ${c}f);`).join('\n')}
  let power = bitcast<f32>(u32(i32(whole) + 127) << 23u);
  return select(sum * power, x, isNan(x));
}
`;
