import { expect, it } from 'vitest';
import { applyEdit } from '@/experiment/changes';
import { defaultExperiment } from '@/experiment/presets';
import type { Trap } from '@/session/traps';
import { keepTraps } from './traps';

const trap: Trap = {
  key: 'dense2/activations/oneBitOutputs',
  layer: 'dense2',
  site: 'activations',
  text: 'A trap.',
  mend: {
    label: 'Learn the step (LSQ)',
    edits: [{ kind: 'quantizer', layer: 'dense2', site: 'activations', setting: 'quantizer', value: 'lsq' }],
  },
};
const found = keepTraps([], [trap], defaultExperiment, 500);

it('stays for a while after it was last seen', () => {
  expect(keepTraps(found, [], defaultExperiment, 1500).map((one) => one.trap)).toEqual([trap]);
  expect(keepTraps(found, [], defaultExperiment, 1501)).toEqual([]);
  expect(keepTraps(found, [trap], defaultExperiment, 900)).toMatchObject([{ seen: 900 }]);
  const late = keepTraps([], [trap], defaultExperiment, 80_000);
  expect(keepTraps(late, [], defaultExperiment, 100_000)).toHaveLength(1);
  expect(keepTraps(late, [], defaultExperiment, 100_001)).toEqual([]);
});
it('goes at once when it is mended, and when the run goes back', () => {
  const mended = trap.mend.edits.reduce(applyEdit, defaultExperiment);
  expect(keepTraps(found, [], mended, 501)).toEqual([]);
  expect(
    keepTraps(found, [], applyEdit(defaultExperiment, { kind: 'learningRate', value: 0.1 }), 501),
  ).toEqual([]);
  expect(keepTraps(found, [], defaultExperiment, 400)).toEqual([]);
});
