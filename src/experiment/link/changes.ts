/**
 * The changes of a run as text: "1500;dense2.w3;lr=0.002_2000;w2". Entries of one step stand together; what is done to
 * several layers is written once: "dense1,dense2.w3", and "w2" or "a2" where it is done to every layer that "Weight
 * bits, all layers" or "Activation bits, all layers" means, in their order. "dense2.w.lsq" and "w.lsq" make a choice.
 */
import { descriptorOf, type LayerSpec, normChanges } from '@/catalog/layers';
import { learningRateField } from '@/catalog/optimizers';
import { type SiteName, siteChoices, sites, tensorKindOf } from '@/catalog/quantizers';
import type { SiteEdit } from '../changes';
import { layerNames } from '../network';
import type { Change, Edit } from '../schema';
import { LinkError, quote } from './error';
import { fieldSeparator, keyOfToken, readField, readNumber, writeField } from './record';

export const listSeparator = '_';
const layerSeparator = ',';

/** The layers that a control for all layers sets: every weight, but no activations of the last layer, the logits. */
export function allLayers(layers: readonly LayerSpec[], site: SiteName): string[] {
  const end = tensorKindOf(site) === 'activations' ? layers.length - 1 : layers.length;
  return layerNames(layers).filter((_, index) => {
    const spec = layers[index];
    return spec !== undefined && index < end && descriptorOf(spec).sites.includes(site);
  });
}

type EditKind = Edit['kind'];

/** How each kind of change stands in a link. `write` takes a run of edits that starts at `from` and says how many it wrote. */
interface EditCodec<K extends EditKind> {
  write(edits: readonly Edit[], from: number, layers: readonly LayerSpec[]): { text: string; count: number };
  /** The edits of a text, or undefined if it is of another kind. */
  read(text: string, layers: readonly LayerSpec[], place: string): Record<string, unknown>[] | undefined;
  kind: K;
}

/** What is done to one or several layers: their names and a dot, or neither for all layers, before `value`. */
function writeSiteEdits(
  edits: readonly Edit[],
  from: number,
  layers: readonly LayerSpec[],
  settingOf: (edit: Edit) => string | undefined,
): { text: string; count: number } {
  const first = edits[from] as SiteEdit;
  const value = settingOf(first);
  const same = (edit: Edit | undefined): edit is SiteEdit => edit !== undefined && settingOf(edit) === value;
  const names: string[] = [];
  for (let edit = edits[from]; same(edit); edit = edits[from + names.length]) names.push(edit.layer);
  const all = allLayers(layers, first.site);
  return all.length > 0 && all.every((name, index) => name === names[index])
    ? { text: String(value), count: all.length }
    : { text: `${names.join(layerSeparator)}.${value}`, count: names.length };
}

/** The layers named before the dot, or all that a control for all layers sets. */
function readLayers(
  names: string | undefined,
  layers: readonly LayerSpec[],
  site: SiteName,
  place: string,
): string[] {
  const named = names?.split(layerSeparator) ?? allLayers(layers, site);
  if (named.length === 0)
    throw new LinkError(`${place} is made to all layers, but there is none that it could be made to.`);
  return named;
}

const bits: EditCodec<'bits'> = {
  kind: 'bits',
  write: (edits, from, layers) =>
    writeSiteEdits(edits, from, layers, (edit) =>
      edit.kind === 'bits' ? sites[edit.site].token + edit.bits : undefined,
    ),
  read(text, layers, place) {
    const match = /^(?:([a-z0-9,]+)\.)?([a-z]+)(\d+)$/.exec(text);
    if (!match) return undefined;
    const [, names, token = '', value = ''] = match;
    const site = keyOfToken(sites, token) as SiteName | undefined;
    if (site === undefined) return undefined;
    const width = readNumber(value, place);
    return readLayers(names, layers, site, place).map((layer) => ({
      kind: 'bits',
      layer,
      site,
      bits: width,
    }));
  },
};

/** "dense2.w.lsq": the word of a choice of the site, which says which choice it is too. */
const quantizer: EditCodec<'quantizer'> = {
  kind: 'quantizer',
  write: (edits, from, layers) =>
    writeSiteEdits(edits, from, layers, (edit) =>
      edit.kind === 'quantizer'
        ? `${sites[edit.site].token}.${siteChoices[edit.site][edit.setting]?.[edit.value]?.token}`
        : undefined,
    ),
  read(text, layers, place) {
    const match = /^(?:([a-z0-9,]+)\.)?([a-z]+)\.([a-z][a-z0-9]*)$/.exec(text);
    if (!match) return undefined;
    const [, names, token = '', word = ''] = match;
    const site = keyOfToken(sites, token) as SiteName | undefined;
    if (site === undefined) return undefined;
    for (const [setting, options] of Object.entries(siteChoices[site])) {
      const value = keyOfToken(options, word);
      if (value !== undefined)
        return readLayers(names, layers, site, place).map((layer) => ({
          kind: 'quantizer',
          layer,
          site,
          setting,
          value,
        }));
    }
    return undefined;
  },
};

const learningRate: EditCodec<'learningRate'> = {
  kind: 'learningRate',
  write(edits, from) {
    const { value } = edits[from] as Extract<Edit, { kind: 'learningRate' }>;
    return { text: writeField(learningRateField, value) ?? '', count: 1 };
  },
  read(text, _layers, place) {
    const { token } = learningRateField;
    if (!text.startsWith(token)) return undefined;
    return [{ kind: 'learningRate', value: readField(learningRateField, text.slice(token.length), place) }];
  },
};

/** "bn.freeze": what is done about batch norm. */
const batchNorm: EditCodec<'batchNorm'> = {
  kind: 'batchNorm',
  write(edits, from) {
    const { value } = edits[from] as Extract<Edit, { kind: 'batchNorm' }>;
    return { text: `bn.${normChanges[value].token}`, count: 1 };
  },
  read(text) {
    const value = text.startsWith('bn.') ? keyOfToken(normChanges, text.slice(3)) : undefined;
    return value === undefined ? undefined : [{ kind: 'batchNorm', value }];
  },
};

/** "obs.freeze", "dense1,dense2.hold", "ptq.adopt": words of their own. */
const observerWords = { following: { token: 'follow' }, frozen: { token: 'freeze' } };
const observers: EditCodec<'observers'> = {
  kind: 'observers',
  write(edits, from) {
    const { value } = edits[from] as Extract<Edit, { kind: 'observers' }>;
    return { text: `obs.${observerWords[value].token}`, count: 1 };
  },
  read(text) {
    const value = text.startsWith('obs.') ? keyOfToken(observerWords, text.slice(4)) : undefined;
    return value === undefined ? undefined : [{ kind: 'observers', value }];
  },
};

const holdWords = { held: { token: 'hold' }, trained: { token: 'train' } };
const hold: EditCodec<'hold'> = {
  kind: 'hold',
  write(edits, from) {
    const { value } = edits[from] as Extract<Edit, { kind: 'hold' }>;
    const names: string[] = [];
    for (const edit of edits.slice(from)) {
      if (edit.kind !== 'hold' || edit.value !== value) break;
      names.push(edit.layer);
    }
    return { text: `${names.join(layerSeparator)}.${holdWords[value].token}`, count: names.length };
  },
  read(text) {
    const match = /^([a-z]+[0-9]*(?:,[a-z]+[0-9]*)*)\.([a-z]+)$/.exec(text);
    const value = match?.[2] && keyOfToken(holdWords, match[2]);
    if (!match?.[1] || value === undefined) return undefined;
    return match[1].split(layerSeparator).map((layer) => ({ kind: 'hold', layer, value }));
  },
};

const adoptText = 'ptq.adopt';
const adopt: EditCodec<'adopt'> = {
  kind: 'adopt',
  write: () => ({ text: adoptText, count: 1 }),
  read: (text) => (text === adoptText ? [{ kind: 'adopt' }] : undefined),
};

const codecs = { bits, quantizer, learningRate, batchNorm, observers, hold, adopt } satisfies {
  [K in EditKind]: EditCodec<K>;
};

export function writeChanges(changes: readonly Change[], layers: readonly LayerSpec[]): string | undefined {
  if (changes.length === 0) return undefined;
  const steps: string[] = [];
  for (let from = 0; from < changes.length; ) {
    const step = changes[from]!.step;
    let end = from;
    while (changes[end]?.step === step) end++;
    const parts = [String(step)];
    const edits = changes.slice(from, end);
    for (let index = 0; index < edits.length; ) {
      const { text, count } = codecs[edits[index]!.kind].write(edits, index, layers);
      parts.push(text);
      index += count;
    }
    steps.push(parts.join(fieldSeparator));
    from = end;
  }
  return steps.join(listSeparator);
}

/** @throws LinkError at the first entry that cannot be read, and as soon as there are more than `most` changes */
export function readChanges(
  text: string,
  layers: readonly LayerSpec[],
  place: string,
  most: number,
): Record<string, unknown>[] {
  const changes: Record<string, unknown>[] = [];
  for (const [index, entry] of text.split(listSeparator).entries()) {
    const inside = `${place}, entry ${index + 1}`;
    const [start = '', ...edits] = entry.split(fieldSeparator);
    const step = readNumber(start, inside);
    if (edits.length === 0) throw new LinkError(`${inside} names a step and nothing that changes there.`);
    for (const edit of edits) {
      const read = Object.values(codecs)
        .map((codec) => codec.read(edit, layers, inside))
        .find((each) => each !== undefined);
      if (!read) throw new LinkError(`${inside} has a change that is not known here: ${quote(edit)}.`);
      changes.push(...read.map((each) => ({ ...each, step })));
      if (changes.length > most) throw new LinkError(`${place} are more than ${most.toLocaleString('en')}.`);
    }
  }
  return changes;
}
