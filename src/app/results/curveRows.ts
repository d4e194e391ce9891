/** Evaluations as the charts take them: thinned, in flat rows; where a curve broke off. */

import { type NetworkName, networks } from '@/session/networkNames';
import type { CurvePoint, Score } from '@/session/protocol';
import { thin } from '@/store/thin';

/** Most points that a chart draws: recharts takes 10 ms for 150, and does not thin by itself. */
export const maxRows = 150;

export type Metric = keyof Score;
type Values = Record<NetworkName, number | null>;

export interface CurveRow {
  step: number;
  /** Null where there is nothing finite to draw. */
  accuracy: Values;
  loss: Values;
}

const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null);

const valuesOf = (point: CurvePoint, metric: Metric): Values => ({
  float: finite(point.float[metric]),
  ptq: finite(point.ptq?.[metric]),
  qat: finite(point.qat[metric]),
});

/** @param points in order of their steps */
export function curveRows(points: readonly CurvePoint[], limit = maxRows): CurveRow[] {
  const kept = thin(
    points,
    limit,
    (point) => point.step,
    // Losses are squeezed to the size of accuracies, so that no one series decides alone.
    (point) =>
      networks.flatMap((network) => {
        const score = point[network];
        return score ? [score.accuracy, score.loss / (1 + score.loss)] : [Number.NaN, Number.NaN];
      }),
  );
  return kept.map((point) => ({
    step: point.step,
    accuracy: valuesOf(point, 'accuracy'),
    loss: valuesOf(point, 'loss'),
  }));
}

export interface Break {
  network: NetworkName;
  step: number;
  value: number;
}

/**
 * Where a curve ends because what follows is NaN or infinite: its last finite point.
 * @param diverged a network that is known to have diverged, although no evaluation showed it
 */
export function breaks(rows: readonly CurveRow[], metric: Metric, diverged?: NetworkName): Break[] {
  return networks.flatMap((network) => {
    const last = rows.findLast((row) => row[metric][network] !== null);
    const value = last?.[metric][network];
    if (!last || value === null || value === undefined) return [];
    return last !== rows.at(-1) || network === diverged ? [{ network, step: last.step, value }] : [];
  });
}

/** Smallest or largest value of a metric over some networks; `none` if there is no value. */
export const extreme = (
  rows: readonly CurveRow[],
  metric: Metric,
  of: readonly NetworkName[],
  pick: 'min' | 'max',
  none: number,
): number =>
  rows.reduce(
    (best, row) => of.reduce((value, network) => Math[pick](value, row[metric][network] ?? value), best),
    none,
  );
