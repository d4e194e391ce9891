/** How far a load is, told at most ten times a second. */

export interface LoadingProgress {
  /** Bytes that are fetched, or images that are decoded. */
  unit: 'bytes' | 'images';
  done: number;
  total: number;
}

const everyMs = 100;

/** A teller that passes on the start, the first advance and the end of each unit, and in between at most ten a second. */
export function paced(
  tell: (progress: LoadingProgress) => void = () => {},
  now: () => number = () => performance.now(),
): (progress: LoadingProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  let told: LoadingProgress | undefined;
  return (progress) => {
    const time = now();
    const early = time - last < everyMs && progress.done < progress.total;
    if (early && progress.unit === told?.unit && told.done > 0) return;
    last = time;
    told = progress;
    tell(progress);
  };
}
