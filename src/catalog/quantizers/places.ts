/**
 * The named places where a layer rounds. Every kind of layer has some of them; "weights" and "activations" (its output)
 * are those of a layer with one weight tensor. Each has bits of its own, on the page and in links.
 */
import type { Bits } from '../bits';
import type { ChoiceField, SiteField } from '../fields';
import { activationQuantizerOf } from './activations';
import { granularities, groupSizeOf } from './choices';
import type { QuantizerDescriptor } from './descriptor';
import {
  type ActivationSite,
  activationBits,
  siteFields,
  type TensorKind,
  type WeightSite,
  weightBits,
  weightGranularity,
} from './sites';
import { weightQuantizerOf } from './weights';

interface Place extends SiteField {
  tensor: TensorKind;
  /** Follows the layer's name where it has several: "gru1 recurrent". Empty for weights and output. */
  short: string;
}

const weights = <K extends string>(key: K, token: string, short: string, label: string, help: string) => ({
  ...siteFields.weights,
  key,
  token,
  short,
  label,
  help,
  tensor: 'weights' as const,
});
const activations = <K extends string>(
  key: K,
  token: string,
  short: string,
  label: string,
  help: string,
) => ({ ...siteFields.activations, key, token, short, label, help, tensor: 'activations' as const });

export const sites = {
  weights: weights('weights', 'w', '', 'Weights', 'How the layer’s weights are rounded.'),
  recurrent: weights(
    'recurrent',
    'wr',
    'recurrent',
    'Recurrent weights',
    'The weights from the hidden state to the gates. Their rounding error comes back at every time step.',
  ),
  query: weights(
    'query',
    'wq',
    'query',
    'Query weights',
    'The projection that asks: what each position looks for.',
  ),
  key: weights('key', 'wk', 'key', 'Key weights', 'The projection that answers: what each position offers.'),
  value: weights('value', 'wv', 'value', 'Value weights', 'The projection of what is passed on.'),
  positions: weights(
    'positions',
    'wp',
    'positions',
    'Position embedding',
    'A learned vector for each position, added to that of the symbol.',
  ),
  activations: activations(
    'activations',
    'a',
    '',
    'Activations',
    'How the layer’s output is rounded, after the activation function.',
  ),
  gates: activations(
    'gates',
    'ag',
    'gates',
    'Gates',
    'The gates of a recurrent layer, after sigmoid and tanh, at every time step.',
  ),
  queries: activations('queries', 'aq', 'queries', 'Queries', 'The left operand of the product QKᵀ.'),
  keys: activations('keys', 'ak', 'keys', 'Keys', 'The right operand of the product QKᵀ.'),
  values: activations(
    'values',
    'av',
    'values',
    'Values',
    'The right operand of the product of attention and values.',
  ),
  scores: activations(
    'scores',
    'as',
    'scores',
    'Scores QKᵀ',
    'The product QKᵀ / √d before softmax. Differences of scores become ratios of attention, so few bits blur it.',
  ),
  softmax: activations(
    'softmax',
    'ap',
    'softmax',
    'Softmax',
    'Attention as shares of 1. Most are near 0: a coarse grid drops all but the strongest.',
  ),
  context: activations('context', 'ac', 'context', 'Context PV', 'The product of attention and values.'),
} as const satisfies Record<string, Place>;
export type SiteName = keyof typeof sites;
export type WeightSiteName = {
  [K in SiteName]: (typeof sites)[K]['tensor'] extends 'weights' ? K : never;
}[SiteName];
export type ActivationSiteName = Exclude<SiteName, WeightSiteName>;

/** What is chosen at a site of that name. */
export type SiteOf<K extends SiteName> = K extends WeightSiteName ? WeightSite : ActivationSite;
export type AnySite = WeightSite | ActivationSite;

export const siteNames = Object.keys(sites) as SiteName[];
export const tensorKindOf = (name: SiteName): TensorKind => sites[name].tensor;

/** The width that a site really has. */
export const siteBits = (name: SiteName, site: AnySite): Bits =>
  tensorKindOf(name) === 'weights' ? weightBits(site as WeightSite) : activationBits(site as ActivationSite);

/** What the quantizer chosen at a site says of itself. */
export const quantizerAt = (name: SiteName, { quantizer }: AnySite): QuantizerDescriptor =>
  tensorKindOf(name) === 'weights'
    ? weightQuantizerOf(quantizer as WeightSite['quantizer'])
    : activationQuantizerOf(quantizer as ActivationSite['quantizer']);

/**
 * The same with what the site's own choices make of it: weights with a scale per group are computed with as floats,
 * whatever rule found the scales.
 */
export function deployedAt(name: SiteName, site: AnySite): QuantizerDescriptor {
  const descriptor = quantizerAt(name, site);
  if (tensorKindOf(name) !== 'weights') return descriptor;
  const granularity = weightGranularity(site as WeightSite);
  if (!groupSizeOf(granularity)) return descriptor;
  const label = `${descriptor.label} ${granularities[granularity].label}`;
  return { ...descriptor, label, deploysTo: 'float arithmetic' };
}

/** What has a scale of its own at a site of several. */
export function scaleOwner(name: SiteName, site: AnySite): string {
  const { blocks, dynamic } = quantizerAt(name, site);
  if (dynamic) return 'example or token';
  if (blocks) return 'block';
  const grouped = tensorKindOf(name) === 'weights' && groupSizeOf(weightGranularity(site as WeightSite));
  return grouped ? 'group' : 'output channel';
}

const choicesOf = (kind: TensorKind): Readonly<Record<string, ChoiceField['options']>> =>
  Object.fromEntries(
    siteFields[kind].fields.flatMap((field) => (field.type === 'choice' ? [[field.key, field.options]] : [])),
  );
const choices = { weights: choicesOf('weights'), activations: choicesOf('activations') };

/** The settings of a site that are chosen from a registry and may change while it trains, by their key. */
export const siteChoices = Object.fromEntries(
  siteNames.map((name) => [name, choices[tensorKindOf(name)]]),
) as Readonly<Record<SiteName, Readonly<Record<string, ChoiceField['options']>>>>;
