/** Curves of kept runs that lie behind those of the present one. */
import type { Run } from '@/store/runs/record';

export interface Ghost {
  id: string;
  name: string;
  /** QAT's test accuracy over the steps. */
  points: { step: number; accuracy: number }[];
}

/** Most that are drawn: more of them are a thicket. */
export const mostGhosts = 12;

/** The newest runs whose curves are to be seen, and the one that is pointed at. */
export function ghostsOf(
  runs: readonly Run[],
  names: ReadonlyMap<string, string>,
  pointed: string | null,
): Ghost[] {
  const shown = runs.filter(({ curve }) => curve).slice(-mostGhosts);
  const extra = runs.filter((run) => run.id === pointed && !shown.includes(run));
  return [...shown, ...extra].map(({ id, points }) => ({
    id,
    name: names.get(id) ?? '',
    points: points.map(({ step, qat }) => ({ step, accuracy: qat.accuracy })),
  }));
}

/** The last step of all of them that are kept on the axis; one that is only pointed at does not move it. */
export const lastStep = (runs: readonly Run[]): number =>
  runs.reduce((last, { curve, step }) => (curve ? Math.max(last, step) : last), 0);
