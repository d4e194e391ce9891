/** Which values share a scale: those of an example, or of a token where a tensor is [batch, tokens, features]. */

/** How many rows a tensor of this shape has, and how many values each of them. */
export function rowsOf(shape: readonly number[]): { rows: number; length: number } {
  const leading = shape.length === 3 ? 2 : 1;
  const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1);
  return { rows: product(shape.slice(0, leading)), length: product(shape.slice(leading)) };
}
