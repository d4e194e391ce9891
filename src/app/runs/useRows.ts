/** The kept runs as rows: what the table and the chart show. */
import { useMemo } from 'react';
import { namesOf, useRuns } from '@/store/runs/runs';
import { useWorkspace } from '@/store/workspace';
import { meanRows, type Row, rowsOf } from './rows';

/** The kept runs as rows, and whether seeds are taken together. */
export function useRows(): Row[] {
  const runs = useRuns((state) => state.runs);
  const together = useWorkspace((state) => state.meanOverSeeds);
  return useMemo(() => (together ? meanRows(runs) : rowsOf(runs, namesOf(runs))), [runs, together]);
}
