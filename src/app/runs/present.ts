/** The run at hand as a row beside the kept ones; measured twice a second. */
import { useMemo } from 'react';
import { useExperiment, useSettings } from '@/store/experiment';
import { useLive } from '@/store/live';
import { finished } from '@/store/runs/actions';
import { useLearnedWidths } from '../learnedWidths';
import { useThrottled } from '../results/useThrottled';
import { type Row, rowOf } from './rows';

/** Null before anything is trained. */
export function usePresentRow(): Row | null {
  const points = useThrottled(useLive, (live) => live.points, 500);
  const stepMs = useThrottled(useLive, (live) => live.stepMs, 500);
  const backend = useLive((live) => live.backend?.name ?? '');
  const experiment = useExperiment((state) => state.experiment);
  const settings = useSettings();
  const widths = useLearnedWidths();
  return useMemo(() => {
    if ((points.at(-1)?.step ?? 0) === 0) return null;
    // What is to come has not changed anything yet, and what waits for the worker shows at once.
    const now = { ...experiment, ...settings };
    const run = finished({ experiment: now, points, stepMs, backend, widths, curve: false });
    return rowOf([{ ...run, id: 'present' }], 'this run');
  }, [points, stepMs, backend, experiment, settings, widths]);
}
