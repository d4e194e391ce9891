import { describe, expect, it } from 'vitest';
import { presentSettings } from '@/experiment/changes';
import { defaultExperiment } from '@/experiment/presets';
import type { Edit, Experiment } from '@/experiment/schema';
import { confirm, settingsNow, settingsOf, withPending } from './experiment';

const bits = (layer: string, value: 1 | 2 | 3 | 8): Edit => ({
  kind: 'bits',
  layer,
  site: 'weights',
  bits: value,
});
const weightBits = ({ layers }: Experiment) =>
  layers.filter((spec) => 'weights' in spec).map((spec) => spec.weights.bits);
const [, second] = weightBits(defaultExperiment);

describe('edits on their way', () => {
  it('show at once and are not recorded yet', () => {
    const state = { experiment: defaultExperiment, pending: withPending([], [bits('dense2', 3)]) };
    expect(weightBits(settingsNow(state, 100))[1]).toBe(3);
    expect(state.experiment.changes).toEqual([]);
  });
  it('give way to a later edit of the same thing only', () => {
    const first = withPending([], [bits('dense1', 3), bits('dense2', 3)]);
    expect(withPending(first, [bits('dense2', 1)])).toEqual([bits('dense1', 3), bits('dense2', 1)]);
  });
  it('are recorded at the step that the worker names', () => {
    const state = { experiment: defaultExperiment, pending: [bits('dense2', 3)] };
    const confirmed = confirm(state, [bits('dense2', 3)], 120);
    expect(confirmed.pending).toEqual([]);
    expect(confirmed.experiment.changes).toEqual([{ ...bits('dense2', 3), step: 120 }]);
  });
  it('stay on their way while the answer to an older edit comes in', () => {
    const state = { experiment: defaultExperiment, pending: [bits('dense2', 1)] };
    const confirmed = confirm(state, [bits('dense2', 3)], 120);
    expect(confirmed.pending).toEqual([bits('dense2', 1)]);
    expect(weightBits(settingsNow(confirmed, 120))[1]).toBe(1);
  });
  it('become starting settings before the first step', () => {
    const { experiment } = confirm({ experiment: defaultExperiment, pending: [] }, [bits('dense2', 8)], 0);
    expect(experiment.changes).toEqual([]);
    expect(weightBits(experiment)[1]).toBe(8);
  });
  it('are not recorded twice when a replay makes them again', () => {
    const experiment = { ...defaultExperiment, changes: [{ ...bits('dense2', 3), step: 50 }] };
    expect(confirm({ experiment, pending: [] }, experiment.changes, 50).experiment).toEqual(experiment);
  });
});

describe('the settings shown', () => {
  const experiment: Experiment = {
    ...defaultExperiment,
    changes: [
      { ...bits('dense2', 3), step: 50 },
      { ...bits('dense2', 1), step: 90 },
    ],
  };
  it('are those in force at the step, and the present ones after all changes', () => {
    expect([0, 49, 50, 90].map((step) => weightBits(settingsOf(experiment, step))[1])).toEqual([
      second,
      second,
      3,
      1,
    ]);
    expect(settingsOf(experiment, 1000)).toEqual(presentSettings(experiment));
  });
  it('are the same object until a setting changes, so that nothing is drawn again', () => {
    expect(settingsOf(experiment, 51)).toBe(settingsOf(experiment, 89));
    const state = { experiment, pending: [bits('dense1', 2)] };
    expect(settingsNow(state, 51)).toBe(settingsNow(state, 60));
    expect(settingsNow(state, 51)).not.toBe(settingsNow({ ...state, pending: [] }, 51));
  });
});
