/** How long a network took to reach the accuracy that is shown. */
import type { CurvePoint } from '@/session/protocol';

/**
 * @param points evaluations, in the order of their steps
 * @returns the step of the first evaluation that was as accurate as the last one; undefined before the first training step
 */
export function stepReaching(points: readonly CurvePoint[], network: 'float' | 'qat'): number | undefined {
  const shown = points.at(-1)?.[network].accuracy;
  if (shown === undefined) return undefined;
  const step = points.find((point) => point[network].accuracy >= shown)?.step;
  return step === 0 ? undefined : step;
}
