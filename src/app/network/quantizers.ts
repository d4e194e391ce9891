/** What the page asks of quantizer kinds: families for a select, words for one, edits of one layer or of all. */
import type { ChoiceField } from '@/catalog/fields';
import type { LayerSpec } from '@/catalog/layers';
import {
  activationQuantizers,
  type Granularity,
  groupSizeOf,
  type QuantizerDescriptor,
  type SiteName,
  siteChoices,
  siteFields,
  type TensorKind,
  type WeightSite,
  weightQuantizers,
} from '@/catalog/quantizers';
import type { Edit } from '@/experiment/schema';
import { addressed, common, type Stretch } from './layers';

/** A choice of a site besides its width: its field's key. */
export type Setting = Exclude<keyof WeightSite, 'bits'>;

export const quantizersOf = (kind: TensorKind): Readonly<Record<string, QuantizerDescriptor>> =>
  kind === 'weights' ? weightQuantizers : activationQuantizers;

/** "LSQ+ (step, offset)", "FP8 E4M3": the name, and what it learns. */
export const optionText = ({ label, learns }: QuantizerDescriptor): string =>
  learns ? `${label} (${learns.join(', ')})` : label;

export interface Family {
  label: string;
  options: { kind: string; text: string; help: string }[];
}

/** The families that a select shows, in order, each with the test that a kind must pass; the first that fits takes it. */
const families: readonly (readonly [label: string, (descriptor: QuantizerDescriptor) => boolean])[] = [
  ['Float formats, simulation only', ({ deploysTo }) => deploysTo === 'simulation only'],
  ['Found at run time, float arithmetic', ({ deploysTo }) => deploysTo === 'float arithmetic'],
  ['Learned by gradient, integer', ({ learns }) => learns !== undefined],
  ['Ternary, 2 bits, integer', ({ bits }) => bits?.every((width) => width === 2) ?? false],
  ['Found from the values, integer', () => true],
];

/** The quantizers of weights or activations by family, integers first. */
export function familiesOf(kind: TensorKind): Family[] {
  const found = families.map(([label]): Family => ({ label, options: [] }));
  for (const [name, descriptor] of Object.entries(quantizersOf(kind))) {
    const index = families.findIndex(([, fits]) => fits(descriptor));
    found[index]!.options.push({ kind: name, text: optionText(descriptor), help: descriptor.help });
  }
  return found.filter(({ options }) => options.length > 0).reverse();
}

/** What becomes of a quantizer once it is trained, for tooltips. */
export const deployHelp = ({ label, deploysTo }: QuantizerDescriptor): string =>
  `${label} ${fates[deploysTo]}`;
const fates = {
  integer: 'deploys to integer arithmetic: the trained grid becomes the stored integers.',
  'float arithmetic':
    'deploys to float arithmetic: integers of different scales are multiplied out before they are summed.',
  'simulation only': 'is simulation only: it trains as if rounded, but has no integer form to deploy.',
} as const satisfies Record<QuantizerDescriptor['deploysTo'], string>;

/** Why a width cannot be chosen, or undefined where every width can. */
export const widthReason = ({ label, bits }: QuantizerDescriptor): string | undefined =>
  bits && `${label} has ${bits.join(' or ')} bits and no other width; 32 is float.`;

/** What a setting of a site is called, and its options. */
export function choiceField(
  kind: TensorKind,
  setting: Setting,
): { label: string; help: string; options: ChoiceField['options'] } | undefined {
  const field = siteFields[kind].fields.find(({ key }) => key === setting);
  const options = siteChoices[kind][setting];
  return field && options && { label: field.label, help: field.help, options };
}

/** Whether a setting means something to a quantizer at all. */
export const concerns = ({ learnsBits }: QuantizerDescriptor, setting: Setting): boolean =>
  setting !== 'penalty' || learnsBits === true;

/** Why an option of a setting cannot be chosen with a quantizer, and what takes its place; undefined where it can. */
export function unavailable(
  { label, groups }: QuantizerDescriptor,
  setting: Setting,
  option: string,
): { instead: string; reason: string } | undefined {
  if (setting !== 'granularity' || groups || !groupSizeOf(option as Granularity)) return undefined;
  return { instead: 'channel', reason: `${label} finds no scales for groups.` };
}

/** Why a setting has no effect at a site and which option is in force, or undefined where the person chooses. */
export function fixedSetting(
  { label, blocks, ...own }: QuantizerDescriptor,
  setting: Setting,
): { value?: string; reason: string } | undefined {
  if (setting === 'granularity' && blocks)
    return { reason: `${label} has a scale for each block of 32 weights.` };
  const value = setting === 'quantizer' || setting === 'penalty' ? undefined : own[setting];
  return value ? { value, reason: `${label} always has this.` } : undefined;
}

/** What all addressed sites have chosen, or undefined where they differ. */
export const commonChoice = (
  layers: readonly LayerSpec[],
  kind: TensorKind,
  setting: Setting,
  within?: Stretch,
): string | undefined =>
  common(addressed(layers, kind, within).map(({ site }) => (site as WeightSite)[setting]));

export const choiceEdit = (layer: string, site: SiteName, setting: Setting, value: string): Edit => ({
  kind: 'quantizer',
  layer,
  site,
  setting,
  value,
});

/** Edits that give all addressed sites the same choice. */
export const choiceForAll = (
  layers: readonly LayerSpec[],
  kind: TensorKind,
  setting: Setting,
  value: string,
): Edit[] => addressed(layers, kind).map(({ layer, name }) => choiceEdit(layer, name, setting, value));
