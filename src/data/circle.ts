/**
 * Points on the unit circle from additions and multiplications only. Math.cos and Math.sin may differ in their last bit
 * between engines; a generated dataset must not.
 */

const tau = 2 * Math.PI;

/** Cosine and sine of an angle given in turns (1 is once around), to within 1e-15. */
export function onCircle(turns: number): [cosine: number, sine: number] {
  const quarter = Math.round(turns * 4);
  const angle = (turns - quarter / 4) * tau;
  const square = angle * angle;
  // Taylor series; |angle| is at most pi / 4, where the first term left out is below 3e-17.
  let cosine = 0;
  let sine = 0;
  for (let k = 8; k >= 0; k--) {
    cosine = 1 - (cosine * square) / ((2 * k + 1) * (2 * k + 2));
    sine = 1 - (sine * square) / ((2 * k + 2) * (2 * k + 3));
  }
  sine *= angle;
  const turned = ((quarter % 4) + 4) % 4;
  if (turned === 0) return [cosine, sine];
  if (turned === 1) return [-sine, cosine];
  if (turned === 2) return [-cosine, -sine];
  return [sine, -cosine];
}
