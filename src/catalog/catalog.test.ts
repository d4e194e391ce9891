import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layerSpecs } from '@/experiment/testing/arbitrary';
import { activationFunctions } from './activations';
import { bitsSchema, bitWidths, deskBits } from './bits';
import {
  datasetInfo,
  datasetKinds,
  datasetSchema,
  fileName,
  fileNameSchema,
  maxFileNameBytes,
  ownData,
} from './datasets';
import type { Field } from './fields';
import { descriptorOf, layerKinds, layerSchema } from './layers';
import { optimizerSchema, optimizers } from './optimizers';
import { activationRange, sites, weightRange } from './quantizers';
import { stopFields, stopSchema } from './stop';
import { words } from './words';

interface Described {
  fields: readonly Field[];
  defaults: { kind: string };
}
const layers: [string, Described][] = Object.values(layerKinds).map((layer) => [
  layer.kind,
  {
    fields: [...layer.fields, ...layer.choices, ...layer.sites.map((site) => sites[site])],
    defaults: layer.defaults,
  },
]);
const kinds: [string, Described, typeof layerSchema | typeof datasetSchema | typeof optimizerSchema][] = [
  ...layers.map(([kind, described]) => [kind, described, layerSchema] as const),
  ...Object.entries(datasetKinds).map(([kind, described]) => [kind, described, datasetSchema] as const),
  ...Object.entries(optimizers).map(([kind, described]) => [kind, described, optimizerSchema] as const),
].map(([kind, described, schema]) => [kind, described as Described, schema]);

describe.each(kinds)('%s', (kind, { fields, defaults }, schema) => {
  test('its defaults are valid and of its kind', () => {
    expect(schema.safeParse(defaults).error?.issues).toBeUndefined();
    expect(defaults.kind).toBe(kind);
  });
  test('its fields are all that its schema has', () => {
    expect(fields.map(({ key }) => key).sort()).toEqual(
      Object.keys(defaults)
        .filter((key) => key !== 'kind')
        .sort(),
    );
  });
  test('the schema holds the limits of its fields', () => {
    for (const field of fields) {
      if (field.type !== 'number') continue;
      const accepts = (value: number) => schema.safeParse({ ...defaults, [field.key]: value }).success;
      const beyond = field.integer ? 1 : 1e-9;
      expect([field.min, field.max].map(accepts)).toEqual([true, true]);
      expect(
        [field.min - beyond, field.max + beyond, Number.NaN, Number.POSITIVE_INFINITY].map(accepts),
      ).toEqual([false, false, false, false]);
      expect(accepts(field.min + (field.max - field.min) / Math.PI)).toBe(!field.integer);
    }
  });
  test('every choice is accepted, and no other word', () => {
    for (const field of fields) {
      if (field.type !== 'choice') continue;
      const accepts = (value: string) => schema.safeParse({ ...defaults, [field.key]: value }).success;
      expect(Object.keys(field.options).every(accepts)).toBe(true);
      expect(accepts('other')).toBe(false);
    }
  });
});

describe('tokens are unambiguous', () => {
  const records: [string, readonly Field[]][] = [
    ...kinds.map(([kind, { fields }]) => [kind, fields] as [string, readonly Field[]]),
    ['own', ownData.fields],
    ['stop', stopFields],
    ...Object.values(sites).map((site) => [`site ${site.key}`, site.fields] as [string, readonly Field[]]),
  ];
  test.each(records)('%s', (_kind, fields) => {
    const choices = fields.flatMap((field) =>
      field.type === 'choice' ? Object.values(field.options).map(({ token }) => token) : [],
    );
    const prefixes = fields.flatMap((field) => (field.type === 'choice' ? [] : [field.token]));
    expect(new Set([...choices, ...prefixes]).size).toBe(choices.length + prefixes.length);
    for (const token of choices) {
      expect(token).toMatch(/^[a-z][a-z0-9]*$/);
      // One with a digit must not look like a number field: its letters, then a number.
      if (/\d/.test(token)) expect(prefixes).not.toContain(/^[a-z]+/.exec(token)?.[0]);
    }
    for (const token of prefixes) expect(token).toMatch(/^([a-z]+=?)?$/);
  });
  test('no two kinds of a registry share a token', () => {
    for (const registry of [
      layerKinds,
      { ...datasetKinds, ownData },
      optimizers,
      sites,
      activationFunctions,
    ]) {
      const tokens = Object.values(registry).map(({ token }) => token);
      expect(new Set(tokens).size).toBe(tokens.length);
    }
  });
});

describe('bits', () => {
  test('1 to 8 and 32, and nothing else', () => {
    expect([...Array(40).keys()].filter((bits) => bitsSchema.safeParse(bits).success)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 32,
    ]);
    expect([...deskBits].every((bits) => bitWidths.includes(bits))).toBe(true);
  });
  test('grids of weights are symmetric and narrow, those of activations unsigned', () => {
    expect([1, 2, 3, 4, 8].map((bits) => weightRange(bits as 1).qmax)).toEqual([1, 1, 3, 7, 127]);
    expect([1, 2, 3, 4, 8].map((bits) => weightRange(bits as 1).qmin)).toEqual([-1, -1, -3, -7, -127]);
    expect([1, 2, 3, 4, 8].map((bits) => activationRange(bits as 1))).toEqual(
      [1, 3, 7, 15, 255].map((qmax) => ({ qmin: 0, qmax })),
    );
  });
});

test('a layer has a property for each of its sites, the output last, and weights where it counts as weighted', () => {
  fc.assert(
    fc.property(layerSpecs, (spec) => {
      const { weighted, sites: names } = descriptorOf(spec);
      if (weighted) expect(spec).toHaveProperty('weights');
      for (const name of names) expect(spec).toHaveProperty(name);
      if (names.length > 0) expect(names.at(-1)).toBe('activations');
      expect(layerSchema.safeParse(spec).success).toBe(true);
    }),
  );
});

test('the parts add up, and there are examples to train on and to test, whatever the shares', () => {
  for (const samples of [40, 41, 999, 20_000])
    for (const testShare of [0.1, 0.333, 0.5, 0.9])
      for (const validationShare of [0, 0.1, 0.333, 0.5]) {
        const spec = { kind: 'moons', samples, noise: 0, testShare, validationShare } as const;
        const { train, validation, test: tested } = datasetInfo(spec);
        expect(train + validation + tested).toBe(samples);
        expect(Math.min(train, tested)).toBeGreaterThan(0);
        expect(validation / (train + validation)).toBeCloseTo(validationShare, validationShare ? 0 : 9);
        expect(tested).toBe(datasetInfo({ ...spec, validationShare: 0 }).test);
      }
});

test('a dataset written without a validation share has none', () => {
  const { validationShare, ...before } = datasetKinds.digits.defaults;
  expect(validationShare).toBe(0);
  expect(datasetSchema.parse(before)).toEqual(datasetKinds.digits.defaults);
});

test('the limits of a stop condition', () => {
  const accepts = (value: unknown) => stopSchema.safeParse(value).success;
  expect([{}, { steps: 1 }, { accuracy: 1 }, { steps: 1_000_000, accuracy: 0.001 }].every(accepts)).toBe(
    true,
  );
  expect([{ steps: 0 }, { steps: 1.5 }, { accuracy: 0 }, { accuracy: 1.1 }, { loss: 1 }].some(accepts)).toBe(
    false,
  );
});

describe('words', () => {
  const helps = [
    ...Object.values(words),
    ...kinds.flatMap(([, { fields }]) => fields),
    ...[layerKinds, datasetKinds, optimizers, activationFunctions, sites].flatMap((registry) =>
      Object.values<{ label: string; help: string }>(registry),
    ),
  ];
  test('every label has a help of one to three sentences that fits a tooltip', () => {
    for (const { label, help } of helps) {
      expect(label).toMatch(/\S/);
      expect(help, label).toMatch(/^\S.*\.\)?$/);
      expect(help.length, label).toBeLessThanOrEqual(200);
    }
  });
});

describe('names of files', () => {
  test('any name becomes one that an experiment may carry, and a legal one stays', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        const legal = fileName(name);
        expect(new TextEncoder().encode(legal).length).toBeLessThanOrEqual(maxFileNameBytes);
        expect(fileNameSchema.safeParse(legal).success).toBe(true);
        expect(fileName(legal)).toBe(legal);
      }),
    );
    expect(fileName('train images.csv')).toBe('train images.csv');
    expect(fileName('')).toBe('unnamed');
    expect(fileName('n'.repeat(200), ' and its labels')).toBe(`${'n'.repeat(105)} and its labels`);
    expect(fileName('画'.repeat(100))).toBe('画'.repeat(40));
    expect(fileName('a\u202egnp.csv')).toBe('a_gnp.csv');
  });
});
