/**
 * Version 1 of the link grammar (docs/link-format.md): an ordered table of the link's parts, each with its writer and
 * its reader. What a record of a layer, dataset, optimizer or site holds comes from the catalog. A published link keeps
 * its meaning: tokens and omitted values of version 1 never change, new ones may be added.
 */
import { datasetKinds, ownData } from '@/catalog/datasets';
import { distillationFields } from '@/catalog/distillation';
import type { Field, SiteField } from '@/catalog/fields';
import { type LayerSpec, layerKinds, normStatistics } from '@/catalog/layers';
import type { LayerDescriptor } from '@/catalog/layers/descriptor';
import { optimizers } from '@/catalog/optimizers';
import { sites } from '@/catalog/quantizers';
import { stopFields } from '@/catalog/stop';
import { type Place, placeNames } from '../problem';
import { type Experiment, maxChanges, maxLayers } from '../schema';
import { listSeparator, readChanges, writeChanges } from './changes';
import { LinkError, quote } from './error';
import { readPlan, readPtq, writePlan, writePtq } from './plan';
import {
  fieldSeparator,
  type Kinds,
  keyOfToken,
  readField,
  readKind,
  readNumber,
  readRecord,
  writeField,
  writeKind,
  writeRecord,
} from './record';

const kindsOf = <D>(
  registry: Readonly<Record<string, D & { token: string }>>,
  fields: (entry: D) => Field[],
): Kinds =>
  Object.fromEntries(
    Object.entries(registry).map(([kind, entry]) => [kind, { token: entry.token, record: fields(entry) }]),
  );

/** Numbers, then choices, then sites, in the descriptor's order. */
const layerFields = (descriptor: LayerDescriptor<never>): Field[] => [
  ...descriptor.fields,
  ...descriptor.choices,
  ...descriptor.sites.map((site) => sites[site]),
];

const layers = kindsOf<LayerDescriptor<never>>(
  layerKinds as unknown as Record<string, LayerDescriptor<never>>,
  layerFields,
);
const datasets = kindsOf<{ fields: readonly Field[] }>({ ...datasetKinds, own: ownData }, ({ fields }) => [
  ...fields,
]);
const optimizerKinds = kindsOf<{ fields: readonly Field[] }>(optimizers, ({ fields }) => [...fields]);
const inputSite: SiteField = { ...sites.activations, key: 'input', label: 'Input' };

type PartKey = Exclude<Place, 'version'>;
type Partial1 = { readonly [K in PartKey]?: unknown };

interface Part<K extends PartKey> {
  key: K;
  /** Key in the link. */
  token: string;
  /** Undefined: the part is left out, and reading starts from `omitted`. */
  write(value: Experiment[K], experiment: Experiment): string | undefined;
  read(text: string, place: string, before: Partial1): unknown;
  omitted?: Experiment[K];
  /** Left out of the experiment as well. */
  optional?: true;
}
const part = <K extends PartKey>(definition: Part<K>) => definition as unknown as Part<PartKey>;

const number = (key: 'seed' | 'batchSize', token: string) =>
  part({ key, token, write: String, read: readNumber });

/** In the order written; a reader may rely on what stands before it here, in whatever order the link has them. */
const parts: readonly Part<PartKey>[] = [
  number('seed', 'seed'),
  part({
    key: 'dataset',
    token: 'data',
    write: (dataset) => writeKind(datasets, dataset),
    read: (text, place) => readKind(datasets, text, place),
  }),
  part({
    key: 'input',
    token: 'input',
    write: (input) => writeField(inputSite, input),
    read(text, place) {
      if (!text.startsWith(inputSite.token))
        throw new LinkError(`${place} must be written as ${inputSite.token} and its bits.`);
      return readField(inputSite, text.slice(inputSite.token.length), place);
    },
  }),
  part({
    key: 'layers',
    token: 'net',
    write: (specs) => specs.map((spec) => writeKind(layers, spec)).join(listSeparator),
    read(text, place) {
      const entries = text.split(listSeparator, maxLayers + 1);
      if (entries.length > maxLayers) throw new LinkError(`${place} has more than ${maxLayers} layers.`);
      return entries.map((entry, index) => readKind(layers, entry, `${place}, layer ${index + 1}`));
    },
  }),
  part({
    key: 'optimizer',
    token: 'opt',
    write: (optimizer) => writeKind(optimizerKinds, optimizer),
    read: (text, place) => readKind(optimizerKinds, text, place),
  }),
  part({
    key: 'batchNorm',
    token: 'bn',
    write: (statistics) => (statistics === 'batch' ? undefined : normStatistics[statistics].token),
    read(text, place) {
      const statistics = keyOfToken(normStatistics, text);
      if (statistics === undefined) throw new LinkError(`${place} is not known here: ${quote(text)}.`);
      return statistics;
    },
    omitted: 'batch',
  }),
  part({
    key: 'observers',
    token: 'obs',
    write: (observers) => observers && 'freeze',
    read(text, place) {
      if (text !== 'freeze') throw new LinkError(`${place} are not known here: ${quote(text)}.`);
      return 'frozen';
    },
    optional: true,
  }),
  part({
    key: 'held',
    token: 'hold',
    write: (layers) => layers?.join(','),
    read: (text) => text.split(',', maxLayers + 1),
    optional: true,
  }),
  part({ key: 'plan', token: 'plan', write: writePlan, read: readPlan, optional: true }),
  part({ key: 'ptq', token: 'ptq', write: writePtq, read: readPtq, optional: true }),
  part({
    key: 'distillation',
    token: 'distill',
    write: (distillation) => distillation && writeRecord(distillationFields, distillation),
    read: (text, place) => readRecord(distillationFields, text.split(fieldSeparator), place),
    optional: true,
  }),
  number('batchSize', 'batch'),
  part({
    key: 'stop',
    token: 'stop',
    write: (stop) => writeRecord(stopFields, stop) || undefined,
    read: (text, place) => readRecord(stopFields, text.split(fieldSeparator), place),
    omitted: {},
  }),
  part({
    key: 'changes',
    token: 'do',
    write: (changes, experiment) => writeChanges(changes, experiment.layers),
    read: (text, place, before) => readChanges(text, before.layers as LayerSpec[], place, maxChanges),
    omitted: [],
  }),
];

export function write(experiment: Experiment): [key: string, text: string][] {
  return parts.flatMap(({ key, token, write }) => {
    const text = write(experiment[key], experiment);
    return text === undefined ? [] : [[token, text] as [string, string]];
  });
}

/**
 * The experiment that the pairs spell, yet to be validated by its schema.
 * @throws LinkError
 */
export function read(pairs: ReadonlyMap<string, string>): Record<string, unknown> {
  for (const key of pairs.keys())
    if (!parts.some(({ token }) => token === key))
      throw new LinkError(`The link has a part that is not known here: ${quote(key)}.`);
  const experiment: { [K in PartKey]?: unknown } = {};
  for (const { key, token, read, omitted, optional } of parts) {
    const text = pairs.get(token);
    if (text === undefined && optional) continue;
    if (text === undefined && omitted === undefined)
      throw new LinkError(`The link has no ${placeNames[key]} (“${token}=”).`);
    experiment[key] = text === undefined ? omitted : read(text, `The link’s ${placeNames[key]}`, experiment);
  }
  return experiment;
}
