/** What was measured of the present run when it was asked for, and how far a measurement is. */
import { create } from 'zustand';
import type { Measurement, Robustness, Sensitivity } from '@/session/measuring/measurement';

export interface AnalysisState {
  /** The run that it belongs to. */
  run: number;
  sensitivity: Sensitivity | null;
  robustness: Robustness | null;
  measuring: { what: Measurement['what']; done: number; of: number } | null;
}

export const emptyAnalysis: AnalysisState = { run: 0, sensitivity: null, robustness: null, measuring: null };
export const useAnalysis = create<AnalysisState>()(() => emptyAnalysis);

/** Takes a result of a run; it replaces an earlier one of its kind. */
export const keepMeasurement = (result: Measurement): void =>
  useAnalysis.setState({
    measuring: null,
    ...(result.what === 'sensitivity'
      ? { sensitivity: result.sensitivity }
      : { robustness: result.robustness }),
  });
