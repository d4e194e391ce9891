import { expect, test } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { type LayerSpec, layerKinds } from '@/catalog/layers';
import { resolveNetwork } from '@/experiment/network';
import { type NetworkPresetName, networkPresets } from '@/experiment/presets';
import { arcsOf, blocksOf, partOf } from './blocks';

const resolved = (layers: readonly LayerSpec[], dataset: 'digits' | 'addition' | 'moons' = 'digits') =>
  resolveNetwork({ dataset: datasetKinds[dataset].defaults, layers });
const preset = (name: NetworkPresetName) =>
  resolved(networkPresets[name].layers, name === 'characters' ? 'addition' : 'digits');
/** "residual 2-4" */
const shown = (name: NetworkPresetName) =>
  blocksOf(preset(name)).map(({ kind, from, to }) => `${kind} ${from}-${to}`);

test.each([
  ['mlp', []],
  ['cnn', []],
  ['gru', []],
  ['depthwise', ['separable 2-3', 'separable 4-5']],
  ['resnet', ['residual 2-4', 'residual 5-7']],
  ['transformer', ['transformer 3-9']],
  ['characters', ['transformer 1-7', 'transformer 8-14']],
] as const)('the blocks of %s', (name, blocks) => {
  expect(shown(name)).toEqual(blocks);
});

test('blocks are counted by kind, in names that no layer has', () => {
  expect(blocksOf(preset('characters')).map(({ name }) => name)).toEqual(['transformer 1', 'transformer 2']);
});

test('paths that overlap make one block, with an arc in a lane each', () => {
  const dense = { ...layerKinds.dense.defaults, units: 2 };
  const add = layerKinds.add.defaults;
  const layers = resolved(
    [dense, dense, { ...add, span: 1 }, dense, { ...add, span: 3 }, { ...add, span: 1 }, dense].map(
      (spec) => spec as LayerSpec,
    ),
    'moons',
  );
  expect(blocksOf(layers).map(({ from, to }) => [from, to])).toEqual([[1, 5]]);
  expect(arcsOf(layers)).toEqual([
    { from: 1, to: 2, lane: 0 },
    { from: 1, to: 4, lane: 1 },
    { from: 4, to: 5, lane: 0 },
  ]);
});

test('an arc bends at its ends and is whole beside a folded block', () => {
  const arc = { from: 2, to: 4, lane: 0 };
  expect([1, 2, 3, 4, 5].map((row) => partOf(arc, row, row))).toEqual([
    undefined,
    'from',
    'through',
    'to',
    undefined,
  ]);
  expect(partOf(arc, 2, 4)).toBe('whole');
  expect(partOf(arc, 0, 3)).toBe('from');
});
