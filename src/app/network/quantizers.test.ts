import { describe, expect, it } from 'vitest';
import {
  activationQuantizers,
  deployedAt,
  granularities,
  weightQuantizers,
  weightSite,
} from '@/catalog/quantizers';
import { exampleExperiment } from '@/experiment/testing/example';
import { withSites } from './layers';
import {
  choiceField,
  choiceForAll,
  commonChoice,
  concerns,
  deployHelp,
  familiesOf,
  fixedSetting,
  optionText,
  unavailable,
  widthReason,
} from './quantizers';

const { layers } = exampleExperiment;

describe('families', () => {
  it('hold every kind once', () => {
    for (const [site, kinds] of [
      ['weights', weightQuantizers],
      ['activations', activationQuantizers],
    ] as const) {
      const shown = familiesOf(site).flatMap(({ options }) => options.map(({ kind }) => kind));
      expect(shown.toSorted()).toEqual(Object.keys(kinds).toSorted());
    }
  });
  it('say what becomes of their kinds', () => {
    for (const { label, options } of familiesOf('weights'))
      for (const { kind } of options)
        expect(label).toContain(weightQuantizers[kind as keyof typeof weightQuantizers].deploysTo);
  });
  it('start with what is found from the values', () => {
    expect(familiesOf('weights').map(({ options }) => options[0]?.kind)).toEqual([
      'absmax',
      'twn',
      'lsq',
      'e4m3',
    ]);
  });
});

describe('words', () => {
  it('name what is learned', () => {
    expect(optionText(activationQuantizers.lsqplus)).toBe('LSQ+ (step, offset)');
    expect(optionText(weightQuantizers.mse)).toBe('MSE clipping');
  });
  it('say why a width is impossible, and what has no integer form', () => {
    expect(widthReason(weightQuantizers.twn)).toBe(
      'Ternary (TWN) has 2 bits and no other width; 32 is float.',
    );
    expect(widthReason(weightQuantizers.lsq)).toBeUndefined();
    expect(deployHelp(weightQuantizers.mxfp4)).toContain('no integer form');
    expect(deployHelp(weightQuantizers.lsq)).toContain('integer arithmetic');
    expect(deployHelp(activationQuantizers.dynamic)).toContain('float arithmetic');
  });
});

describe('scales per group', () => {
  it('are offered where the quantizer finds them', () => {
    expect(unavailable(weightQuantizers.mse, 'granularity', 'group32')).toBeUndefined();
    expect(unavailable(weightQuantizers.lsq, 'granularity', 'tensor')).toBeUndefined();
    expect(unavailable(weightQuantizers.lsq, 'granularity', 'group32')).toEqual({
      instead: 'channel',
      reason: 'LSQ finds no scales for groups.',
    });
  });
  it('are computed with as floats, whatever rule found them', () => {
    const site = { ...weightSite(4), granularity: 'group32' } as const;
    const deployed = deployedAt('weights', site);
    expect(deployed.deploysTo).toBe('float arithmetic');
    expect(deployHelp(deployed)).toMatch(/^Abs-max per group of 32 deploys to float arithmetic/);
    expect(deployedAt('weights', { ...site, quantizer: 'lsq' })).toBe(weightQuantizers.lsq);
    expect(deployedAt('weights', weightSite(4))).toBe(weightQuantizers.absmax);
  });
});

it('a penalty per bit concerns those alone that learn their width', () => {
  expect(concerns(weightQuantizers.learnedBits, 'penalty')).toBe(true);
  expect(concerns(weightQuantizers.lsq, 'penalty')).toBe(false);
  expect(concerns(weightQuantizers.lsq, 'granularity')).toBe(true);
});

describe('choices', () => {
  it('for all give every layer’s weights the same, and leave the logits alone', () => {
    expect(
      choiceForAll(layers, 'weights', 'quantizer', 'lsq').map((edit) => 'layer' in edit && edit.layer),
    ).toEqual(['dense1', 'dense2', 'dense3', 'dense4']);
    expect(choiceForAll(layers, 'activations', 'estimator', 'soft')).toEqual(
      ['dense1', 'dense2', 'dense3'].map((layer) => ({
        kind: 'quantizer',
        layer,
        site: 'activations',
        setting: 'estimator',
        value: 'soft',
      })),
    );
  });
  it('are shown where all layers agree', () => {
    expect(commonChoice(layers, 'weights', 'quantizer')).toBe('absmax');
    const mixed = layers.map((spec, i) =>
      i === 1 ? withSites([spec], 'weights', { quantizer: 'lsq' })[0]! : spec,
    );
    expect(commonChoice(mixed, 'weights', 'quantizer')).toBeUndefined();
    expect(commonChoice(mixed, 'weights', 'granularity')).toBe('channel');
  });
  it('are those of the catalog, and none where a quantizer has its own', () => {
    expect(choiceField('weights', 'granularity')?.options).toBe(granularities);
    expect(choiceField('activations', 'granularity')).toBeUndefined();
    expect(fixedSetting(weightQuantizers.lsq, 'range')).toMatchObject({ value: 'full' });
    expect(fixedSetting(weightQuantizers.lsq, 'granularity')).toBeUndefined();
    expect(fixedSetting(weightQuantizers.mxfp4, 'granularity')?.reason).toContain('block');
    expect(fixedSetting(weightQuantizers.e4m3, 'estimator')).toMatchObject({ value: 'ste' });
    expect(fixedSetting(weightQuantizers.learnedBits, 'granularity')).toMatchObject({ value: 'tensor' });
    expect(fixedSetting(weightQuantizers.learnedBits, 'penalty')).toBeUndefined();
  });
});
