/** What is measured: the state of the run as the worker reports it. Written by session.ts alone. */
import { create } from 'zustand';
import type { BackendStatus } from '@/catalog/backends';
import { type SiteName, siteNames } from '@/catalog/quantizers';
import type { NetworkName } from '@/session/networkNames';
import type {
  CurvePoint,
  Fields,
  LayerDetail,
  LayerSummary,
  Predictions,
  Preview,
  SiteHistory,
  Snapshot,
  Tried,
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
  /** A pause was asked for, and the worker has not judged the whole test set yet. */
  pausing: boolean;
  step: number;
  stepsPerEpoch: number;
  stepsPerSecond: number;
  /** Median ms per step. */
  stepMs: { float: number; qat: number } | null;
  /** Why steps are taken one operation at a time, null where they are not. */
  eager: string | null;
  backend: BackendStatus | null;
  /** Every evaluation of this run, in order of steps; charts thin it. */
  points: CurvePoint[];
  layers: Record<string, LayerSummary>;
  /** By siteKey: thinned, so that it always spans the run. */
  histories: Readonly<Record<string, SiteHistory>>;
  detail: LayerDetail | null;
  fields: Fields | null;
  predictions: Predictions | null;
  preview: Preview | null;
  /** What the networks make of the example that was given; see store/attempt.ts. */
  tried: Tried | null;
  divergence: Divergence | null;
}

export const emptyLive: LiveState = {
  run: 0,
  state: 'starting',
  pausing: false,
  step: 0,
  stepsPerEpoch: 1,
  stepsPerSecond: 0,
  stepMs: null,
  eager: null,
  backend: null,
  points: [],
  layers: {},
  histories: {},
  detail: null,
  fields: null,
  predictions: null,
  preview: null,
  tried: null,
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
  const before = goesOn ? points : points.filter((point) => point.step < first.step);
  const all = [...before, ...added];
  if (all.length <= maxPoints) return all;
  const half = Math.floor(all.length / 2);
  return all.filter((_, index) => index >= half || index % 2 === 0);
}

/** Names a site: "dense2/weights". */
export const siteKey = (layer: string, site: SiteName): string => `${layer}/${site}`;

/** Most moments of a site that are kept; above it every second one of the older half goes. */
export const maxMoments = 240;

/** The histories with the sites of newly seen layers appended; a step seen again replaces what was known from there on. */
export function appendMoments(
  histories: LiveState['histories'],
  step: number,
  layers: readonly LayerSummary[],
): LiveState['histories'] {
  const added = layers.flatMap((layer) =>
    siteNames.flatMap((site) => {
      const parameters = layer.sites[site]?.parameters;
      if (!parameters) return [];
      const key = siteKey(layer.name, site);
      const history = historyUpTo(histories[key] ?? [], step - 1);
      const all = [...history, { step, parameters }];
      const half = Math.floor(all.length / 2);
      const kept = all.length <= maxMoments ? all : all.filter((_, i) => i >= half || i % 2 === 0);
      return [[key, kept] as const];
    }),
  );
  return { ...histories, ...Object.fromEntries(added) };
}

const historyUpTo = (history: SiteHistory, step: number): SiteHistory =>
  (history.at(-1)?.step ?? 0) <= step ? history : history.filter((moment) => moment.step <= step);

/** What was seen until a step: where a run goes on from an earlier one. */
export const historiesUpTo = (histories: LiveState['histories'], step: number): LiveState['histories'] =>
  Object.fromEntries(Object.entries(histories).map(([key, history]) => [key, historyUpTo(history, step)]));

/** The parts of the live state that a snapshot changes. */
export function applySnapshot(live: LiveState, snapshot: Snapshot): Partial<LiveState> {
  const { step, stepsPerEpoch, stepsPerSecond, stepMs, points, layers, detail, fields, predictions, tried } =
    snapshot;
  return {
    step,
    stepsPerEpoch,
    stepsPerSecond,
    // 0 stands for "nothing timed yet"
    stepMs: stepMs.qat > 0 ? stepMs : live.stepMs,
    eager: snapshot.eager ?? null,
    points: appendPoints(live.points, points),
    ...(layers
      ? {
          layers: Object.fromEntries(layers.map((layer) => [layer.name, layer])),
          histories: appendMoments(live.histories, step, layers),
        }
      : {}),
    ...(detail ? { detail } : {}),
    ...(fields ? { fields } : {}),
    ...(predictions ? { predictions } : {}),
    ...(tried ? { tried } : {}),
  };
}
