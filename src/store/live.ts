/** What is measured: the state of the run as the worker reports it. Written by the session's client alone. */
import { create } from 'zustand';
import type {
  BackendStatus,
  CurvePoint,
  Fields,
  LayerDetail,
  LayerSummary,
  NetworkName,
  Predictions,
  Preview,
} from '@/session/protocol';

export type RunState = 'starting' | 'paused' | 'training';

export interface Divergence {
  step: number;
  layer: string;
  network: 'float' | 'qat';
  rewindTo: number;
}

export interface LiveState {
  run: number;
  state: RunState;
  step: number;
  stepsPerEpoch: number;
  stepsPerSecond: number;
  /** Median ms per step. */
  stepMs: { float: number; qat: number } | null;
  backend: BackendStatus | null;
  /** Every evaluation of this run, in order of steps; charts thin it. */
  points: CurvePoint[];
  layers: Record<string, LayerSummary>;
  detail: LayerDetail | null;
  fields: Fields | null;
  predictions: Predictions | null;
  preview: Preview | null;
  divergence: Divergence | null;
}

export const emptyLive: LiveState = {
  run: 0,
  state: 'starting',
  step: 0,
  stepsPerEpoch: 1,
  stepsPerSecond: 0,
  stepMs: null,
  backend: null,
  points: [],
  layers: {},
  detail: null,
  fields: null,
  predictions: null,
  preview: null,
  divergence: null,
};

export const useLive = create<LiveState>()(() => emptyLive);

/** The newest score of a network, or undefined before the first evaluation. */
export const lastScore = (points: readonly CurvePoint[], network: NetworkName) => points.at(-1)?.[network];
