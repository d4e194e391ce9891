/** How far a load is, in words. */
import type { LoadingProgress } from '@/data/loaders/progress';
import { bytes, count } from '../format';

/** Before so long a rate says little. */
const settledMs = 500;

/** "about 8 s left", "about 3 min left", or nothing while it cannot be told. */
export function timeLeft({ done, total }: LoadingProgress, elapsedMs: number): string {
  if (done <= 0 || done >= total || elapsedMs < settledMs) return '';
  const seconds = (((total - done) / done) * elapsedMs) / 1000;
  return seconds < 90
    ? `about ${count(Math.max(1, seconds))} s left`
    : `about ${count(seconds / 60)} min left`;
}

/** "3.1 MB of 12.4 MB", "1,200 of 25,000 images". */
export const amount = ({ unit, done, total }: LoadingProgress): string =>
  unit === 'bytes' ? `${bytes(done)} of ${bytes(total)}` : `${count(done)} of ${count(total)} images decoded`;
