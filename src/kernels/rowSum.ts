/**
 * The order in which a row is summed wherever a quantizer may see the result: four sums of every fourth value, added in
 * pairs, then the values that remain. It suits SIMD, and every backend keeps to it.
 */
const { fround } = Math;

/** The float32 sum of `term(0)` ... `term(count - 1)`, each a float32. */
export function rowSum(count: number, term: (k: number) => number): number {
  const whole = count - (count % 4);
  const lanes = [0, 0, 0, 0];
  for (let k = 0; k < whole; k++) lanes[k % 4] = fround(lanes[k % 4]! + term(k));
  let sum = fround(fround(lanes[0]! + lanes[1]!) + fround(lanes[2]! + lanes[3]!));
  for (let k = whole; k < count; k++) sum = fround(sum + term(k));
  return sum;
}

/**
 * The same in WGSL: `fn name(count: u32, parameters) -> f32`.
 * @param parameters what the term needs besides k, as WGSL parameters
 * @param term an expression of k: u32 and the parameters
 */
export const rowSumWgsl = (name: string, parameters: string, term: string) => `
fn ${name}(count: u32, ${parameters}) -> f32 {
  let whole = count - count % 4u;
  var lanes = vec4<f32>();
  for (var i = 0u; i < whole; i = i + 4u) {
    for (var j = 0u; j < 4u; j = j + 1u) {
      let k = i + j;
      lanes[j] = exact(lanes[j] + ${term});
    }
  }
  var sum = exact(exact(lanes[0] + lanes[1]) + exact(lanes[2] + lanes[3]));
  for (var k = whole; k < count; k = k + 1u) {
    sum = exact(sum + ${term});
  }
  return sum;
}
`;
