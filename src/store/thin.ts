/**
 * Thins a curve before it is drawn. Largest-triangle-three-buckets (Steinarsson 2013) over several series at once, with
 * two differences: buckets are counted from the start and widen in few large steps, so that the drawn past stays still
 * while the run grows, and each series' extremes are always kept.
 */

/** The y values of a point, one per series, all in comparable units; what is not finite is passed over. */
export type Values<T> = (point: T) => readonly number[];

/** Indices of the first and last point and of every series' smallest and largest value. */
function landmarks(rows: readonly (readonly number[])[]): Set<number> {
  const lowest: { value: number; index: number }[] = [];
  const highest: { value: number; index: number }[] = [];
  rows.forEach((row, index) => {
    row.forEach((value, series) => {
      if (!Number.isFinite(value)) return;
      if (value < (lowest[series]?.value ?? Number.POSITIVE_INFINITY)) lowest[series] = { value, index };
      if (value > (highest[series]?.value ?? Number.NEGATIVE_INFINITY)) highest[series] = { value, index };
    });
  });
  const kept = new Set([0, rows.length - 1]);
  for (const extreme of [...lowest, ...highest]) if (extreme) kept.add(extreme.index);
  return kept;
}

/** Twice the area of the triangle a, b, c (x, y pairs). */
const area = (ax: number, ay: number, bx: number, by: number, cx: number, cy: number): number =>
  Math.abs((ax - cx) * (by - ay) - (ax - bx) * (cy - ay));

/** The smallest of 2, 3, 4, 6, 8, 12, … that makes at most `buckets` buckets. */
function bucketWidth(count: number, buckets: number): number {
  for (let power = 2; ; power *= 2)
    for (const width of [power, 1.5 * power]) if (Math.ceil(count / width) <= buckets) return width;
}

function mean(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  return finite.reduce((sum, value) => sum + value, 0) / finite.length;
}

/**
 * @param points in order of `x`
 * @param limit most points returned; more only if the extremes alone are more
 * @returns a subsequence of `points`: first, last and each series' extremes are in it
 */
export function thin<T>(
  points: readonly T[],
  limit: number,
  x: (point: T) => number,
  values: Values<T>,
): T[] {
  if (points.length <= limit) return [...points];
  const rows = points.map(values);
  const kept = landmarks(rows);
  const buckets = Math.max(1, limit - kept.size);
  const width = bucketWidth(points.length, buckets);

  let chosen = 0;
  for (let start = 0; start < points.length; start += width) {
    const end = Math.min(start + width, points.length);
    const aheadStart = Math.min(end, points.length - 1);
    const aheadEnd = Math.min(aheadStart + width, points.length);
    const fromX = x(points[chosen]!);
    const fromRow = rows[chosen]!;
    const aheadX = mean(points.slice(aheadStart, aheadEnd).map(x));
    const aheadRow = fromRow.map((_, series) =>
      mean(rows.slice(aheadStart, aheadEnd).map((row) => row[series]!)),
    );
    let largest = -1;
    let best = start;
    for (let index = start; index < end; index++) {
      const pointX = x(points[index]!);
      const total = rows[index]!.reduce((sum, value, series) => {
        const size = area(fromX, fromRow[series]!, pointX, value, aheadX, aheadRow[series]!);
        return Number.isFinite(size) ? sum + size : sum;
      }, 0);
      if (total > largest) {
        largest = total;
        best = index;
      }
    }
    kept.add(best);
    chosen = best;
  }
  return [...kept].sort((a, b) => a - b).map((index) => points[index]!);
}
