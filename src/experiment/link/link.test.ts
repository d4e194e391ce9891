import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bitWidths } from '@/catalog/bits';
import { datasetKinds, maxFileNameBytes } from '@/catalog/datasets';
import type { Conv2d } from '@/catalog/layers';
import { activationSite, weightSite } from '@/catalog/quantizers';
import { experimentFor } from '../presets';
import { type Change, type Experiment, experimentSchema, maxChanges, maxLayers } from '../schema';
import { experiments } from '../testing/arbitrary';
import golden from './golden.json';
import { decodeLink, encodeLink, maxLinkLength, maxLinkText } from './index';

const accepted = (text: string): Experiment => {
  const decoded = decodeLink(text);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.experiment;
};
/** Two spirals, dense layers of 32, 32, 16 and 2 units. */
const mlp = golden[0]!;
const mlpExperiment = mlp.experiment as unknown as Experiment;
const bits = (step: number, layer: string, site: 'weights' | 'activations', width: number) =>
  ({ kind: 'bits', step, layer, site, bits: width }) as Change;

describe('golden links of version 1 keep their meaning', () => {
  test.each(golden)('$name', ({ link, canonical, experiment }) => {
    expect(accepted(link)).toEqual(experiment);
    expect(encodeLink(experiment as unknown as Experiment)).toBe(canonical ?? link);
  });
});

describe('a link and its experiment', () => {
  test('every valid experiment comes back as it was', () => {
    fc.assert(
      fc.property(experiments, (experiment) => {
        expect(experimentSchema.safeParse(experiment).error?.issues).toBeUndefined();
        const link = encodeLink(experiment);
        expect(accepted(link)).toEqual(experiment);
        expect(encodeLink(accepted(link))).toBe(link);
      }),
      { numRuns: 300 },
    );
  });

  test('links hold only characters that chat programs leave alone, and end in a letter or digit', () => {
    fc.assert(
      fc.property(experiments, (experiment) => {
        expect(encodeLink(experiment)).toMatch(/^[A-Za-z0-9=&;,._%-]*[A-Za-z0-9]$/);
      }),
      { numRuns: 200 },
    );
  });

  test('a full address, a fragment with # and the bare fragment mean the same, blanks around them included', () => {
    const link = mlp.link;
    for (const text of [link, `#${link}`, `https://example.org/play/?theme=dark#${link}`, ` \n${link}\r\n`])
      expect(accepted(text)).toEqual(mlpExperiment);
  });

  test('the parts may stand in any order', () => {
    const parts = mlp.link.split('&');
    expect(accepted(parts.reverse().join('&'))).toEqual(mlpExperiment);
    const [kind, ...fields] = 'spirals;n=1600;noise=0.04;test=0.5'.split(';');
    const turned = mlp.link.replace([kind, ...fields].join(';'), [kind, ...fields.reverse()].join(';'));
    expect(accepted(turned)).toEqual(mlpExperiment);
  });

  test('the experiments that the page opens with have short links', () => {
    for (const { defaults, view } of Object.values(datasetKinds))
      expect(encodeLink(experimentFor(defaults)).length).toBeLessThan(view === 'text' ? 800 : 300);
  });

  test('the longest experiment without changes has a link under 2,500 characters', () => {
    const layer: Conv2d = {
      kind: 'conv2d',
      filters: 80,
      kernelSize: 4,
      stride: 2,
      padding: 'same',
      norm: 'batch',
      activation: 'sigmoid',
      weights: { ...weightSite(32), granularity: 'tensor' },
      activations: activationSite(32),
    };
    const long: Experiment = {
      version: 1,
      seed: 2 ** 32 - 1,
      dataset: {
        kind: 'own',
        format: 'csv',
        name: '画'.repeat(maxFileNameBytes / 3),
        bytes: 2 ** 31,
        hash: '0123456789abcdef',
        train: 1_000_000,
        test: 1_000_000,
        shape: [128, 128, 4],
        classes: 100,
        label: 4096,
      },
      input: activationSite(32),
      layers: [
        ...Array.from({ length: maxLayers - 1 }, () => layer),
        {
          kind: 'dense',
          norm: 'none',
          activation: 'sigmoid',
          weights: { ...weightSite(32), granularity: 'tensor' },
          activations: activationSite(32),
        },
      ],
      optimizer: { kind: 'sgd', learningRate: 0.000001234567890123456, momentum: 0.1234567890123456 },
      batchNorm: 'frozen',
      batchSize: 8,
      stop: { steps: 1_000_000, accuracy: 0.1234567890123456 },
      changes: [],
    };
    expect(experimentSchema.safeParse(long).error?.issues).toBeUndefined();
    expect(accepted(encodeLink(long))).toEqual(long);
    expect(encodeLink(long).length).toBeLessThan(2500);
  });

  test('the longest record of changes stays under the most that is read', () => {
    const changes: Change[] = Array.from({ length: maxChanges }, (_, index) => ({
      kind: 'learningRate',
      step: 900_000 + index,
      value: 0.000001234567890123456,
    }));
    const link = encodeLink({ ...mlpExperiment, changes });
    expect(link.length).toBeGreaterThan(maxLinkLength);
    expect(link.length).toBeLessThan(maxLinkText);
    expect(accepted(link).changes).toEqual(changes);
  });
});

describe('changes', () => {
  const written = (changes: Change[]) => /&do=(.*)$/.exec(encodeLink({ ...mlpExperiment, changes }))?.[1];

  test('bits of every weighted layer at one step are two characters', () => {
    const names = ['dense1', 'dense2', 'dense3', 'dense4'];
    expect(written(names.map((layer) => bits(1500, layer, 'weights', 2)))).toBe('1500;w2');
  });
  test('activation bits of all layers leave the logits and the input out', () => {
    const names = ['dense1', 'dense2', 'dense3'];
    expect(written(names.map((layer) => bits(7, layer, 'activations', 3)))).toBe('7;a3');
    expect(written([...names, 'dense4'].map((layer) => bits(7, layer, 'activations', 3)))).toBe(
      '7;a3;dense4.a3',
    );
  });
  test('some layers share one entry, and edits of one step stand together', () => {
    expect(
      written([
        bits(20, 'dense1', 'weights', 3),
        bits(20, 'dense3', 'weights', 3),
        bits(20, 'input', 'activations', 4),
        { kind: 'learningRate', step: 20, value: 0.001 },
        bits(21, 'dense1', 'weights', 1),
      ]),
    ).toBe('20;dense1,dense3.w3;input.a4;lr=0.001_21;dense1.w1');
  });
});

test('every bit-width has a place in the grammar', () => {
  for (const width of bitWidths)
    expect(accepted(encodeLink({ ...mlpExperiment, input: activationSite(width) })).input.bits).toBe(width);
});
