import { expect, it } from 'vitest';
import { nameRuns } from '@/experiment/differences';
import { defaultExperiment } from '@/experiment/presets';
import { expandSweep } from '@/experiment/sweep/definition';
import { sweepOf, toggled } from './form';

it('the form makes the sweep that it shows', () => {
  const form = {
    bits: [4, 2] as const,
    activations: false,
    ends: true,
    quantizers: ['lsq'] as const,
    seeds: 2,
    steps: 30,
  };
  const expanded = expandSweep(sweepOf(form, { ...defaultExperiment, seed: 2 ** 32 - 1 }));
  expect(expanded.ok && nameRuns(expanded.experiments)).toEqual([
    'W8-4-8 A3, seed 4294967294',
    'W8-4-8 A3, seed 4294967295',
    'W8-2-8 A3, seed 4294967294',
    'W8-2-8 A3, seed 4294967295',
  ]);
});

it('a press adds or takes away, in the order of all', () => {
  expect(toggled([8, 2], 4, [8, 4, 2])).toEqual([8, 4, 2]);
  expect(toggled([8, 2], 8, [8, 4, 2])).toEqual([2]);
});
