import { describe, expect, it } from 'vitest';
import type { CurvePoint, Snapshot } from '@/session/protocol';
import {
  appendMoments,
  appendPoints,
  applySnapshot,
  emptyLive,
  historiesUpTo,
  type LiveState,
  maxMoments,
  maxPoints,
} from './live';

const point = (step: number, accuracy = 0.5): CurvePoint => {
  const score = { accuracy, loss: 0.7 };
  return { step, float: score, qat: score, ptq: null };
};
const steps = (points: CurvePoint[]) => points.map(({ step }) => step);

describe('curves', () => {
  it('grow in order, and a step that is judged again replaces what was known from there on', () => {
    expect(steps(appendPoints([point(0), point(10), point(20)], [point(20), point(30)]))).toEqual([
      0, 10, 20, 30,
    ]);
    expect(appendPoints([point(10, 0.5)], [point(10, 0.9)])[0]?.qat.accuracy).toBe(0.9);
  });
  it('go back with a run that was resumed from a checkpoint', () => {
    expect(steps(appendPoints([point(0), point(10), point(20)], [point(12)]))).toEqual([0, 10, 12]);
  });
  it('stay the same object when nothing is added', () => {
    const points = [point(0)];
    expect(appendPoints(points, [])).toBe(points);
  });
  it('never exceed their limit and keep the first and the newest', () => {
    let points: CurvePoint[] = [];
    for (let step = 0; step < maxPoints + 2000; step++) points = appendPoints(points, [point(step)]);
    expect(points.length).toBeLessThanOrEqual(maxPoints);
    expect(points[0]?.step).toBe(0);
    expect(points.at(-1)?.step).toBe(maxPoints + 1999);
  });
});

describe('a snapshot', () => {
  const snapshot: Snapshot = {
    step: 40,
    stepsPerEpoch: 25,
    running: true,
    stepsPerSecond: 100,
    stepMs: { float: 0, qat: 0 },
    points: [],
  };
  it('leaves what it does not carry', () => {
    const before = {
      ...emptyLive,
      stepMs: { float: 1, qat: 2 },
      layers: { dense1: { name: 'dense1', sites: {} } },
    };
    const after = { ...before, ...applySnapshot(before, snapshot) };
    expect(after).toMatchObject({ step: 40, stepMs: { float: 1, qat: 2 } });
    expect(after.layers).toBe(before.layers);
    expect(after.points).toBe(before.points);
  });
});

describe('histories of a site', () => {
  const summary = { sqnrDb: 20, clippedShare: 0, fullestShare: 0, outlier: 1 };
  const seen = (histories: LiveState['histories'], step: number) =>
    appendMoments(histories, step, [
      { name: 'dense1', sites: { activations: { ...summary, parameters: { step } } } },
    ]);
  const stepsOf = (histories: LiveState['histories']) =>
    histories['dense1/activations']?.map(({ step }) => step);

  it('grow in order, and a step seen again replaces what was known from there on', () => {
    const histories = [0, 10, 20, 10].reduce(seen, {});
    expect(stepsOf(histories)).toEqual([0, 10]);
    expect(histories['dense1/weights']).toBeUndefined();
    expect(stepsOf(historiesUpTo(histories, 5))).toEqual([0]);
  });
  it('never exceed their limit and span the run', () => {
    const count = maxMoments * 4;
    const kept = stepsOf(Array.from({ length: count }, (_, step) => step).reduce(seen, {})) ?? [];
    expect(kept.length).toBeLessThanOrEqual(maxMoments);
    expect([kept[0], kept.at(-1)]).toEqual([0, count - 1]);
  });
});
