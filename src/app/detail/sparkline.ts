/** A value over the run as the path of a small line. */
import type { ParameterName, SiteHistory } from '@/session/protocol';

/** Corners of the line, in pixels from the left and the top; none for less than two moments. */
export function sparkline(
  history: SiteHistory,
  name: ParameterName,
  width: number,
  height: number,
): [x: number, y: number][] {
  const moments = history.flatMap(({ step, parameters }) => {
    const value = parameters[name];
    return value !== undefined && Number.isFinite(value) ? [{ step, value }] : [];
  });
  const [first, last] = [moments[0], moments.at(-1)];
  if (!first || !last || first === last) return [];
  const values = moments.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // A value that stands still is a line in the middle.
  const share = (value: number) => (most > least ? (value - least) / (most - least) : 0.5);
  return moments.map(({ step, value }) => [
    (width * (step - first.step)) / (last.step - first.step || 1),
    height * (1 - share(value)),
  ]);
}
