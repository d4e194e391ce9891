/** Gradients by central differences, of functions written down in float64. */

type Values = readonly number[];

/**
 * The gradients of sum(dy * f(...inputs)) with respect to every input.
 * @param step how far an input moves each way; the error is its square times the third derivative
 */
export function differences(
  f: (...inputs: Values[]) => Values,
  inputs: readonly ArrayLike<number>[],
  dy: ArrayLike<number>,
  step = 1e-5,
): number[][] {
  const values = inputs.map((input) => Array.from(input));
  const total = (changed: Values[]) => f(...changed).reduce((sum, y, i) => sum + y * dy[i]!, 0);
  return values.map((input, which) =>
    input.map((value, at) => {
      const moved = (by: number) =>
        total(values.map((v, other) => (other === which ? v.with(at, value + by) : v)));
      return (moved(step) - moved(-step)) / (2 * step);
    }),
  );
}
