/** What is measured: the state of the run as the worker reports it. Written by session.ts alone. */
import { create } from 'zustand';
import type { BackendStatus } from '@/catalog/backends';
import type {
  CurvePoint,
  Fields,
  LayerDetail,
  LayerSummary,
  NetworkName,
  Predictions,
  Preview,
  Snapshot,
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

/** Most evaluations that are kept; above it every second one of the older half goes. */
export const maxPoints = 8000;

/** The curves with new evaluations appended; a step that is evaluated again replaces what was known of it. */
export function appendPoints(points: CurvePoint[], added: readonly CurvePoint[]): CurvePoint[] {
  const first = added[0];
  if (!first) return points;
  const goesOn = (points.at(-1)?.step ?? -1) < first.step;
  const all = [...(goesOn ? points : points.filter((point) => point.step < first.step)), ...added];
  if (all.length <= maxPoints) return all;
  const half = Math.floor(all.length / 2);
  return all.filter((_, index) => index >= half || index % 2 === 0);
}

/** The parts of the live state that a snapshot changes. */
export function applySnapshot(live: LiveState, snapshot: Snapshot): Partial<LiveState> {
  const { step, stepsPerEpoch, stepsPerSecond, stepMs, points, layers, detail, fields, predictions } =
    snapshot;
  return {
    step,
    stepsPerEpoch,
    stepsPerSecond,
    // 0 stands for "nothing timed yet"
    stepMs: stepMs.qat > 0 ? stepMs : live.stepMs,
    points: appendPoints(live.points, points),
    ...(layers ? { layers: Object.fromEntries(layers.map((layer) => [layer.name, layer])) } : {}),
    ...(detail ? { detail } : {}),
    ...(fields ? { fields } : {}),
    ...(predictions ? { predictions } : {}),
  };
}
