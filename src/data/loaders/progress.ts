/** How far a load is, told at most ten times a second. */

export interface LoadingProgress {
  /** Bytes that are fetched, or images that are decoded. */
  unit: 'bytes' | 'images';
  done: number;
  total: number;
}

const everyMs = 100;

/** A teller that passes on the first and the last word, and in between at most ten a second. */
export function paced(
  tell: (progress: LoadingProgress) => void = () => {},
  now: () => number = () => performance.now(),
): (progress: LoadingProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  let unit: string | undefined;
  return (progress) => {
    const time = now();
    if (time - last < everyMs && progress.done < progress.total && progress.unit === unit) return;
    last = time;
    unit = progress.unit;
    tell(progress);
  };
}
