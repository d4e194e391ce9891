/** Small statistics that reports and panels share. */

/** Ranks from 1, ties at their mean. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let i = from; i <= to; i++) result[order[i]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return result;
}

/** Spearman's rank correlation, from -1 to 1; undefined of fewer than 3 values, or where all of one side are equal. */
export function spearman(a: readonly number[], b: readonly number[]): number | undefined {
  if (a.length < 3) return undefined;
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  let [cov, vx, vy] = [0, 0, 0];
  x.forEach((rank, i) => {
    cov += (rank - mean) * (y[i]! - mean);
    vx += (rank - mean) ** 2;
    vy += (y[i]! - mean) ** 2;
  });
  return vx === 0 || vy === 0 ? undefined : cov / Math.sqrt(vx * vy);
}
