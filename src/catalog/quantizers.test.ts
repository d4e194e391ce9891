/** The quantizer registries: widths, words, and their pages in docs/quantizers. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bitWidths } from './bits';
import {
  activationBits,
  activationQuantizerOf,
  activationQuantizers,
  activationSite,
  activationSiteSchema,
  estimators,
  fitBits,
  idleReason,
  oscillationAt,
  oscillations,
  type QuantizerDescriptor,
  roundings,
  siteChoices,
  sites,
  type WeightSite,
  weightBits,
  weightQuantizerOf,
  weightQuantizers,
  weightRange,
  weightRanges,
  weightSite,
  weightSiteSchema,
} from './quantizers';

const folder = new URL('../../docs/quantizers/', import.meta.url);
const pages = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
const paragraphs = new Set(pages.flatMap((page) => page.split('\n')));

const descriptors: QuantizerDescriptor[] = [
  ...Object.values(weightQuantizers),
  ...Object.values(activationQuantizers),
];
const firstSentence = (text: string) => /^.*?\.\)?(?= [A-Z]|$)/.exec(text)?.[0];

describe('docs/quantizers', () => {
  test.each(descriptors.map((descriptor) => [descriptor.label, descriptor]))(
    '%s has a section that opens as its tooltip does',
    (label, { help }) => {
      expect(
        pages.some((page) => new RegExp(`^## .*${label.replace(/[+().]/g, '\\$&')}$`, 'm').test(page)),
      ).toBe(true);
      const sentence = firstSentence(help)!;
      expect(paragraphs, sentence).toContain(sentence);
    },
  );
  test.each([...Object.values(estimators), ...Object.values(oscillations)])(
    '$label is explained',
    ({ label }) => {
      expect(pages.some((page) => page.includes(`| ${label} |`))).toBe(true);
    },
  );
});

describe('widths', () => {
  test('a quantizer of every width gives what is asked', () => {
    for (const bits of bitWidths) expect(fitBits(weightQuantizerOf('lsq'), bits)).toBe(bits);
  });
  test('one of fixed width gives the nearest it has, and 32 is float', () => {
    const given = bitWidths.map((bits) => weightBits({ ...weightSite(bits), quantizer: 'twn' }));
    expect(given).toEqual([32, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(activationBits({ ...activationSite(32), quantizer: 'pact' })).toBe(32);
  });
  test('widths are those of an experiment', () => {
    for (const { bits } of descriptors) for (const width of bits ?? []) expect(bitWidths).toContain(width);
  });
});

test('the full range has one level more below 0, the sign has none', () => {
  expect([1, 2, 4, 8].map((bits) => weightRange(bits as 1, 'full').qmin)).toEqual([-1, -2, -8, -128]);
  expect([1, 2, 4, 8].map((bits) => weightRange(bits as 1, 'full').qmax)).toEqual([1, 1, 7, 127]);
});

test('a site without the newer settings means what it always did', () => {
  expect(weightSiteSchema.parse({ bits: 4, quantizer: 'absmax', granularity: 'channel' })).toEqual(
    weightSite(4),
  );
  expect(activationSiteSchema.parse({ bits: 4, quantizer: 'ema' })).toEqual(activationSite(4));
});

test('oscillation is left free where integers cannot be held', () => {
  const asked = { ...weightSite(4), oscillation: 'freeze' } as const;
  expect(oscillationAt(asked)).toBe('freeze');
  expect(oscillationAt({ ...asked, quantizer: 'lsq' })).toBe('freeze');
  for (const other of [
    { bits: 32 },
    { rounding: 'stochastic' },
    { granularity: 'group32' },
    { quantizer: 'dorefa' },
    { quantizer: 'learnedBits' },
    { quantizer: 'e4m3' },
    { quantizer: 'mxfp4' },
  ] as const)
    expect(oscillationAt({ ...asked, ...other }), JSON.stringify(other)).toBe('free');
});

test('weights are watched at 4 bits and fewer, at learned widths, and where something is done', () => {
  const isWatched = (site: WeightSite) => idleReason(site) === undefined;
  expect(bitWidths.filter((bits) => isWatched(weightSite(bits)))).toEqual([4, 3, 2, 1]);
  for (const oscillation of ['damp', 'freeze'] as const)
    expect(bitWidths.filter((bits) => isWatched({ ...weightSite(bits), oscillation }))).toEqual([
      8, 7, 6, 5, 4, 3, 2, 1,
    ]);
  expect(isWatched({ ...weightSite(8), quantizer: 'learnedBits' })).toBe(true);
  // Of fixed width 2, whatever is asked for.
  expect(isWatched({ ...weightSite(8), quantizer: 'twn' })).toBe(true);
  expect(isWatched({ ...weightSite(4), rounding: 'stochastic' })).toBe(false);
});

test('what may be chosen at a site is in its fields', () => {
  expect(Object.keys(siteChoices.weights)).toEqual([
    'quantizer',
    'granularity',
    'range',
    'estimator',
    'rounding',
    'oscillation',
    'penalty',
  ]);
  expect(Object.keys(siteChoices.activations)).toEqual(['quantizer', 'estimator', 'rounding']);
  expect(siteChoices.weights.range).toBe(weightRanges);
  expect(siteChoices.activations.rounding).toBe(roundings);
  for (const site of [sites.weights, sites.activations]) expect(site.fields[0].key).toBe('bits');
});

test('tooltips fit', () => {
  for (const { label, help } of [
    ...descriptors,
    ...Object.values(estimators),
    ...Object.values(roundings),
    ...Object.values(oscillations),
  ]) {
    expect(help, label).toMatch(/^\S.*\.$/);
    expect(help.length, label).toBeLessThanOrEqual(220);
  }
  for (const kind of ['pact', 'lsqplus'] as const) expect(activationQuantizerOf(kind).learns).toBeDefined();
});
