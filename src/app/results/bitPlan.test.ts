/** The strip of bits follows the recorded changes. */
import { expect, it } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { experimentFor } from '@/experiment/presets';
import type { Change } from '@/experiment/schema';
import { bitPlan } from './bitPlan';

const cnn = experimentFor(datasetKinds.digits.defaults);
const change = (step: number, layer: string, bits: 2 | 3 | 4): Change => ({
  kind: 'bits',
  step,
  layer,
  site: 'weights',
  bits,
});

it('has one row a weighted layer, without a gap', () => {
  const changes = [change(100, 'conv2', 3), change(250, 'conv2', 2)];
  expect(bitPlan({ ...cnn, changes }, 400)).toEqual([
    { label: 'conv1', layer: 'conv1', spans: [{ from: 0, to: 400, bits: 4 }] },
    {
      label: 'conv2',
      layer: 'conv2',
      spans: [
        { from: 0, to: 100, bits: 4 },
        { from: 100, to: 250, bits: 3 },
        { from: 250, to: 400, bits: 2 },
      ],
    },
    { label: 'dense3', layer: 'dense3', spans: [{ from: 0, to: 400, bits: 4 }] },
  ]);
});

it('leaves out what is still to come in a replay, and what changes nothing', () => {
  const changes = [change(100, 'conv1', 4), change(500, 'conv1', 2)];
  expect(bitPlan({ ...cnn, changes }, 400)[0]?.spans).toEqual([{ from: 0, to: 400, bits: 4 }]);
});

it('follows a quantizer of fixed width, and goes back to the width asked for', () => {
  const choose = (step: number, value: string): Change => ({
    kind: 'quantizer',
    step,
    layer: 'conv2',
    site: 'weights',
    setting: 'quantizer',
    value,
  });
  const changes = [choose(100, 'twn'), choose(200, 'lsq'), choose(300, 'mse')];
  expect(bitPlan({ ...cnn, changes }, 400)[1]?.spans).toEqual([
    { from: 0, to: 100, bits: 4 },
    { from: 100, to: 200, bits: 2 },
    { from: 200, to: 400, bits: 4 },
  ]);
});
