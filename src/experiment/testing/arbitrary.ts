/**
 * Arbitrary experiments for property tests, made from the limits and registries of the catalog, so that a new kind or
 * field is covered as soon as it is described. Every one of them is valid: its network fits its data.
 */
import fc from 'fast-check';
import { bitWidths } from '@/catalog/bits';
import { type DatasetSpec, datasetInfo, datasetKinds, fileName, ownData } from '@/catalog/datasets';
import { distillationFields } from '@/catalog/distillation';
import type { Field, NumberField } from '@/catalog/fields';
import { descriptorOf, hasBatchNorm, type LayerSpec, layerKinds } from '@/catalog/layers';
import { learningRateField, type OptimizerSpec, optimizers } from '@/catalog/optimizers';
import { siteChoices, sites } from '@/catalog/quantizers';
import { stopFields } from '@/catalog/stop';
import { layerNames, networkProblem, sitesByName } from '@/experiment/network';
import { type Plan, type PlanEntry, planProblem } from '@/experiment/plan';
import { calibrationMethods, type PtqSettings } from '@/experiment/ptq';
import type { Change, Edit, Experiment } from '@/experiment/schema';
import { maxBatchValues, maxLayers, maxSteps } from '@/experiment/schema';
import { resolveNetwork, roundsInput } from '../network';

const number = ({ key, min, max, integer }: NumberField): fc.Arbitrary<number> => {
  if (key === 'bits') return fc.constantFrom(...bitWidths);
  if (integer) return fc.integer({ min, max });
  const rounded = fc.double({ min, max, noNaN: true }).map((value) => Number(value.toPrecision(2)));
  return fc.oneof(
    fc.double({ min, max, noNaN: true }),
    rounded.map((value) => Math.min(max, Math.max(min, value))),
  );
};

const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).map((name) => fileName(name));
const texts: Record<string, fc.Arbitrary<string>> = {
  name: names,
  subset: names,
  imageColumn: names,
  classColumn: names,
  hash: fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'),
    minLength: 16,
    maxLength: 16,
  }),
};
const shape = fc.oneof(
  fc.tuple(
    fc.integer({ min: 1, max: 256 }),
    fc.integer({ min: 1, max: 256 }),
    fc.integer({ min: 1, max: 4 }),
  ),
  fc.tuple(fc.integer({ min: 1, max: 4096 })),
);

function fieldValue(field: Field): fc.Arbitrary<unknown> {
  if (field.type === 'number') return number(field);
  if (field.type === 'choice') return fc.constantFrom(...Object.keys(field.options));
  if (field.type === 'text') return texts[field.key] ?? fc.string();
  if (field.type === 'shape') return shape;
  return recordOf(field.fields);
}

/** An object with these fields; optional ones may be absent. */
export function recordOf(fields: readonly Field[], constants: Record<string, string> = {}) {
  const entries = fields.map((field) => [field.key, fieldValue(field)] as const);
  const required = fields.filter((field) => !('optional' in field && field.optional)).map(({ key }) => key);
  return fc
    .record(Object.fromEntries(entries), { requiredKeys: required })
    .map((record): Record<string, unknown> => ({ ...constants, ...record }));
}

const kindsOf = (registry: Record<string, readonly Field[]>) =>
  fc.oneof(...Object.entries(registry).map(([kind, fields]) => recordOf(fields, { kind })));
const fieldsIn = (registry: Record<string, { fields: readonly Field[] }>) =>
  Object.fromEntries(Object.entries(registry).map(([kind, { fields }]) => [kind, fields]));

export const datasets = kindsOf(
  fieldsIn({ ...datasetKinds, own: ownData }),
) as unknown as fc.Arbitrary<DatasetSpec>;
export const optimizerSpecs = kindsOf(fieldsIn(optimizers)) as unknown as fc.Arbitrary<OptimizerSpec>;
/** Layers of every kind, in any order, whether or not they fit. */
export const layerSpecs = kindsOf(
  Object.fromEntries(
    Object.entries(layerKinds).map(([kind, { fields, choices, sites: names }]) => [
      kind,
      [...fields, ...choices, ...names.map((name) => sites[name])],
    ]),
  ),
) as unknown as fc.Arbitrary<LayerSpec>;

/** Large own data with as few classes as a single dense layer has room for. */
const withRoom = (dataset: DatasetSpec): DatasetSpec =>
  dataset.kind === 'own' &&
  networkProblem({ dataset, layers: [{ ...layerKinds.dense.defaults, units: undefined }] })
    ? ({ ...dataset, classes: 2 } as DatasetSpec)
    : dataset;

/** The layers that fit one after the other, with a dense layer of one unit for each class at the end. */
function fitting(dataset: DatasetSpec, candidates: readonly LayerSpec[], end: LayerSpec): LayerSpec[] {
  const { classes } = datasetInfo(dataset);
  const last: LayerSpec = { ...layerKinds.dense.defaults, ...end, kind: 'dense' };
  delete last.units;
  let layers: LayerSpec[] = roundsInput(dataset) ? [last] : [layerKinds.embedding.defaults, last];
  for (const spec of candidates) {
    const width = descriptorOf(spec).fields[0];
    const sized = width && (spec as unknown as Record<string, unknown>)[width.key] === undefined;
    const candidate = [...layers.slice(0, -1), sized ? { ...spec, [width.key]: classes } : spec, last];
    if (candidate.length <= maxLayers && !networkProblem({ dataset, layers: candidate })) layers = candidate;
  }
  return layers;
}

/** Edits that may be made to a network: of one layer or of all of them. */
function editsOf(dataset: DatasetSpec, layers: readonly LayerSpec[]): fc.Arbitrary<Edit[]> {
  const places = [...sitesByName({ dataset, layers })].flatMap(([layer, names]) =>
    names.map((site) => ({ layer, site })),
  );
  const bits = fc.constantFrom(...bitWidths);
  const one = fc
    .tuple(fc.constantFrom(...places), bits)
    .map(([place, width]): Edit[] => [{ kind: 'bits', ...place, bits: width }]);
  const all = fc
    .tuple(fc.constantFrom(...new Set(places.map(({ site }) => site))), bits)
    .map(([site, width]) =>
      places
        .filter((place) => place.site === site)
        .map((place): Edit => ({ kind: 'bits', ...place, bits: width })),
    );
  const choices = places.flatMap((place) =>
    Object.entries(siteChoices[place.site]).flatMap(([setting, options]) =>
      Object.keys(options).map((value): Edit[] => [{ kind: 'quantizer', ...place, setting, value }]),
    ),
  );
  const rate = number(learningRateField).map((value): Edit[] => [{ kind: 'learningRate', value }]);
  const observers = fc
    .constantFrom<'following' | 'frozen'>('following', 'frozen')
    .map((value): Edit[] => [{ kind: 'observers', value }]);
  const holds = fc
    .tuple(fc.constantFrom(...roundingNames(layers)), fc.constantFrom<'held' | 'trained'>('held', 'trained'))
    .map(([layer, value]): Edit[] => [{ kind: 'hold', layer, value }]);
  const adopt = fc.constant<Edit[]>([{ kind: 'adopt' }]);
  return fc.oneof(one, all, fc.constantFrom(...choices), rate, observers, holds, adopt);
}

const roundingNames = (layers: readonly LayerSpec[]): string[] =>
  layerNames(layers).filter((_, index) => descriptorOf(layers[index]!).sites.length > 0);

const planStep = fc.integer({ min: 0, max: maxSteps - 1 });
const laterStep = planStep.map((step) => step + 1);
const low = fc.constantFrom(...bitWidths.filter((bits) => bits <= 8));

/** Plan entries of every kind for a network; some make a plan that is refused. */
function planEntries(layers: readonly LayerSpec[]): fc.Arbitrary<PlanEntry> {
  const driven = fc.record(
    {
      of: fc.constantFrom<'weights' | 'activations' | 'both'>('weights', 'activations', 'both'),
      layers: fc.subarray(roundingNames(layers), { minLength: 1 }),
    },
    { requiredKeys: ['of'] },
  );
  const span = fc.tuple(planStep, planStep).filter(([a, b]) => a !== b);
  return fc.oneof(
    fc
      .tuple(
        driven,
        fc.uniqueArray(fc.record({ step: planStep, bits: fc.constantFrom(...bitWidths) }), {
          selector: ({ step }) => step,
          minLength: 1,
          maxLength: 6,
        }),
      )
      .map(
        ([to, points]): PlanEntry => ({
          kind: 'steps',
          ...to,
          points: points.sort((a, b) => a.step - b.step),
        }),
      ),
    fc.tuple(driven, span, low, low).map(
      ([to, [a, b], start, end]): PlanEntry => ({
        kind: 'linear',
        ...to,
        from: Math.min(a, b),
        to: Math.max(a, b),
        start,
        end,
      }),
    ),
    fc
      .tuple(driven, span, low, low, fc.integer({ min: 1, max: 40 }))
      .filter(([, , a, b]) => a !== b)
      .map(
        ([to, [a, b], p, q, cycles]): PlanEntry => ({
          kind: 'cyclic',
          ...to,
          from: Math.min(a, b),
          to: Math.max(a, b),
          low: p < q ? p : q,
          high: p < q ? q : p,
          cycles,
        }),
      ),
    laterStep.map((until): PlanEntry => ({ kind: 'late', until })),
    fc
      .tuple(laterStep, laterStep)
      .map(([a, b]): PlanEntry => ({ kind: 'hybrid', until: Math.min(a, b), train: Math.max(a, b) })),
    laterStep.map((step): PlanEntry => ({ kind: 'observers', step })),
    laterStep.map((step): PlanEntry => ({ kind: 'batchNorm', step })),
  );
}
export const plans = (layers: readonly LayerSpec[]): fc.Arbitrary<Plan> =>
  fc.array(planEntries(layers), { minLength: 1, maxLength: 4 });

const methods = fc.constantFrom(...(Object.keys(calibrationMethods) as PtqSettings['method'][]));
const flag = fc.constant<true>(true);
const ptqSettings = (layers: readonly LayerSpec[]): fc.Arbitrary<PtqSettings> =>
  fc.record(
    {
      samples: fc.integer({ min: 16, max: 4096 }),
      method: methods,
      methods: fc
        .subarray(roundingNames(layers), { minLength: 1 })
        .chain((names) =>
          fc
            .tuple(...names.map(() => methods))
            .map((chosen) => Object.fromEntries(names.map((name, i) => [name, chosen[i]!]))),
        ),
      equalise: flag,
      reestimate: flag,
      round: flag,
      correct: flag,
    },
    { requiredKeys: ['samples', 'method'] },
  ) as fc.Arbitrary<PtqSettings>;

/** What an experiment may have beside the rest. */
const extras = (dataset: DatasetSpec, layers: readonly LayerSpec[]) =>
  fc
    .record(
      {
        observers: fc.constant<'frozen'>('frozen'),
        held: fc.subarray(roundingNames(layers), { minLength: 1 }),
        plan: plans(layers),
        ptq: ptqSettings(layers),
        distillation: recordOf(distillationFields) as unknown as fc.Arbitrary<
          NonNullable<Experiment['distillation']>
        >,
      },
      { requiredKeys: [] },
    )
    .map(({ plan, ...others }) =>
      plan && !planProblem({ dataset, layers, plan, changes: [], input: { ...sitesInput, bits: 8 } } as never)
        ? { ...others, plan }
        : others,
    );
const sitesInput = { quantizer: 'ema', estimator: 'ste', rounding: 'even' };

export const edits = (experiment: Experiment): fc.Arbitrary<Edit> =>
  editsOf(experiment.dataset, experiment.layers).map(([edit]) => edit!);

const changesOf = (dataset: DatasetSpec, layers: readonly LayerSpec[]): fc.Arbitrary<Change[]> =>
  fc
    .array(
      fc.tuple(fc.integer({ min: 1, max: maxSteps }), fc.array(editsOf(dataset, layers), { maxLength: 3 })),
      {
        maxLength: 6,
      },
    )
    .map((groups) =>
      groups
        .sort(([a], [b]) => a - b)
        .flatMap(([step, made]) => made.flat().map((edit) => ({ ...edit, step }) as Change)),
    );

/** Valid experiments on data of every kind. */
export const experiments: fc.Arbitrary<Experiment> = fc
  .record({
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    dataset: datasets,
    input: recordOf(sites.activations.fields) as unknown as fc.Arbitrary<Experiment['input']>,
    candidates: fc.array(layerSpecs, { maxLength: maxLayers + 3 }),
    end: recordOf([...layerKinds.dense.choices, sites.weights, sites.activations], {
      kind: 'dense',
    }) as unknown as fc.Arbitrary<LayerSpec>,
    optimizer: optimizerSpecs,
    batchSize: fc.integer({ min: 1, max: 1024 }),
    batchNorm: fc.constantFrom<Experiment['batchNorm']>('batch', 'frozen'),
    stop: recordOf(stopFields) as fc.Arbitrary<Experiment['stop']>,
  })
  .chain(({ seed, dataset: asked, input, candidates, end, optimizer, batchNorm, batchSize, stop }) => {
    const dataset = withRoom(asked);
    const layers = fitting(dataset, candidates, end);
    const values = resolveNetwork({ dataset, layers }).reduce(
      (sum, { outputShape }) => sum + outputShape.reduce((product, size) => product * size, 1),
      0,
    );
    return fc.tuple(changesOf(dataset, layers), extras(dataset, layers)).map(
      ([changes, more]): Experiment => ({
        version: 1,
        seed,
        dataset,
        input,
        layers,
        optimizer,
        batchNorm,
        batchSize: Math.max(
          hasBatchNorm(layers) ? 2 : 1,
          Math.min(batchSize, Math.floor(maxBatchValues / values)),
        ),
        stop,
        changes,
        ...(more as Partial<Experiment>),
      }),
    );
  });
