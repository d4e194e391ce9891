/** Runs the same work in whichever of several ways is faster now: on how many threads depends on what else a machine does. */

/** Runs of each way in a comparison, and runs from one comparison to the next. */
const samples = 9;
const between = 200;
/** Runs before the first comparison. */
const warmUp = 5;
/** Another way must be this much faster than the present one. */
const margin = 0.97;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** @param ways that do the same; the first is preferred until they were compared */
export function faster(
  ways: readonly (() => void)[],
  now: () => number = () => performance.now(),
): () => void {
  let best = 0;
  let left = warmUp;
  let times: number[][] = [];
  return () => {
    if (left > 0) {
      left--;
      ways[best]!();
      return;
    }
    const round = times.length === 0 ? 0 : times.reduce((sum, { length }) => sum + length, 0);
    const way = round % ways.length;
    const start = now();
    ways[way]!();
    times[way] ??= [];
    times[way]!.push(now() - start);
    if (round + 1 < samples * ways.length) return;
    const medians = times.map(median);
    medians.forEach((each, i) => {
      if (each < margin * medians[best]!) best = i;
    });
    times = [];
    left = between;
  };
}
