/** Rounding as IEEE 754 does it, in plain JavaScript, where Math.round rounds ties up. */

/** The integer nearest to `x`, ties to even. NaN and infinities are returned unchanged. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest < 0.5) return below;
  if (rest > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}
