/** Where a network rounds: the tensors of each site, made and rewritten when settings change. */
import * as tf from '@tensorflow/tfjs-core';
import type { WeightedLayerSpec } from '@/catalog/layers';
import type { ActivationSite, SiteName, WeightSite } from '@/catalog/quantizers';
import { stream } from '@/data/random';
import { inputName } from '@/experiment/changes';
import { type ResolvedLayer, weightedLayers } from '@/experiment/network';
import type { Edit } from '@/experiment/schema';
import { type ActivationState, activationQuantizers } from '@/quant/activations';
import { activationSettings, weightSettings } from '@/quant/settings';
import { type WeightState, weightQuantizers } from '@/quant/weights';

export interface NetworkPlan {
  input: ActivationSite;
  layers: readonly ResolvedLayer[];
}

/** By layer name, the input under "input". */
export interface Sites {
  weights: Map<string, WeightState>;
  activations: Map<string, ActivationState>;
}

/** Sites by name. */
export type SiteNames = Readonly<Record<SiteName, ReadonlySet<string>>>;

/** Random seeds of a site's stochastic rounding are whole numbers below this, exact as float32. */
const seeds = 2 ** 24;

const constant = (values: Float32Array, shape: number[]): tf.Variable =>
  tf.tidy(() => tf.variable(tf.tensor(values, shape, 'float32'), false));
const zeros = (shape: number[]): tf.Variable => tf.tidy(() => tf.variable(tf.zeros(shape)));

interface WeightPlace {
  name: string;
  site: WeightSite;
  shape: readonly number[];
}
interface ActivationPlace {
  name: string;
  site: ActivationSite;
  /** Of one example. */
  shape: readonly number[];
}

const weightedSpec = (layer: ResolvedLayer) => layer.spec as WeightedLayerSpec;

export const weightPlaces = ({ layers }: NetworkPlan): WeightPlace[] =>
  weightedLayers(layers).map((layer) => ({
    name: layer.name,
    site: weightedSpec(layer).weights,
    shape: layer.weightShape,
  }));

export const activationPlaces = ({ input, layers }: NetworkPlan): ActivationPlace[] => [
  { name: inputName, site: input, shape: layers[0]?.inputShape ?? [] },
  ...weightedLayers(layers).map((layer) => ({
    name: layer.name,
    site: weightedSpec(layer).activations,
    shape: layer.outputShape,
  })),
];

const seedOf = (seed: number, place: string): number => Math.floor(stream(seed, place).next() * seeds);
const weightSettingsAt = ({ name, site, shape }: WeightPlace, seed: number) =>
  weightSettings(site, weightQuantizers[site.quantizer], shape, seedOf(seed, `rounding/${name}/weights`));
const activationSettingsAt = ({ name, site, shape }: ActivationPlace, seed: number) =>
  activationSettings(
    site,
    activationQuantizers[site.quantizer],
    shape,
    seedOf(seed, `rounding/${name}/activations`),
  );

/** @param seed of the experiment. Learned values are 0 until they are initialised. */
export function createSites(plan: NetworkPlan, seed: number): Sites {
  const sites: Sites = {
    weights: new Map(
      weightPlaces(plan).map((place) => {
        const settings = weightSettingsAt(place, seed);
        return [place.name, { settings: constant(settings, [settings.length]) }];
      }),
    ),
    activations: new Map(
      activationPlaces(plan).map((place) => {
        const settings = activationSettingsAt(place, seed);
        const observer = activationQuantizers[place.site.quantizer].freshObserver();
        return [
          place.name,
          {
            settings: constant(settings, [settings.length]),
            observer: constant(observer, [observer.length]),
          },
        ];
      }),
    ),
  };
  arrangeSites(sites, plan, seed);
  return sites;
}

/** Gives a site the variable that its quantizer learns, or takes away one of another quantizer. */
function arrangeLearned(state: { learned?: tf.Variable }, shape: number[] | undefined): void {
  if (state.learned && state.learned.shape.join() !== shape?.join()) {
    state.learned.dispose();
    delete state.learned;
  }
  if (shape) state.learned ??= zeros(shape);
}

/** Writes the settings of a plan into the sites' tensors, and makes them hold what their quantizers learn. */
export function arrangeSites(sites: Sites, plan: NetworkPlan, seed: number): void {
  const write = (variable: tf.Variable, values: Float32Array) =>
    tf.tidy(() => variable.assign(tf.tensor1d(values)));
  for (const place of weightPlaces(plan)) {
    const state = sites.weights.get(place.name)!;
    write(state.settings, weightSettingsAt(place, seed));
    const { learned } = weightQuantizers[place.site.quantizer];
    arrangeLearned(state, learned && [1, place.shape.at(-1)!]);
  }
  for (const place of activationPlaces(plan)) {
    const state = sites.activations.get(place.name)!;
    write(state.settings, activationSettingsAt(place, seed));
    const { learned } = activationQuantizers[place.site.quantizer];
    arrangeLearned(state, learned && [learned.least.length]);
  }
}

/** Every site of a plan. */
export const allSites = (plan: NetworkPlan): SiteNames => ({
  weights: new Set(weightPlaces(plan).map(({ name }) => name)),
  activations: new Set(activationPlaces(plan).map(({ name }) => name)),
});

const none: ReadonlySet<string> = new Set();
/** Settings whose change lets go of what a quantizer has learned or observed. */
const startsAnew: ReadonlySet<string> = new Set(['quantizer', 'granularity']);

/** The site whose observed or learned values an edit invalidates, in the plan after the edit. */
export function sitesToInitialise(edit: Edit, plan: NetworkPlan): SiteNames {
  const named = (site: SiteName): SiteNames => ({
    weights: none,
    activations: none,
    [site]: new Set(edit.kind === 'learningRate' ? [] : [edit.layer]),
  });
  if (edit.kind === 'learningRate') return { weights: none, activations: none };
  if (edit.kind === 'quantizer')
    return startsAnew.has(edit.setting) ? named(edit.site) : { weights: none, activations: none };
  const place = activationPlaces(plan).find(({ name }) => name === edit.layer);
  const keeps =
    edit.site === 'activations' && place && !activationQuantizers[place.site.quantizer].dependsOnBits;
  return keeps ? { weights: none, activations: none } : named(edit.site);
}

/** Makes the learned values of these sites anew from the weights of their layers. */
export function initialiseWeights(
  sites: Sites,
  plan: NetworkPlan,
  names: ReadonlySet<string>,
  weightsOf: (layer: string) => tf.Tensor,
): void {
  for (const { name, site } of weightPlaces(plan)) {
    const { learned } = weightQuantizers[site.quantizer];
    if (!learned || !names.has(name)) continue;
    tf.tidy(() => sites.weights.get(name)!.learned!.assign(learned.initial(weightsOf(name), site)));
  }
}

export function disposeSites(sites: Sites): void {
  for (const { settings, learned } of sites.weights.values())
    tf.dispose([settings, ...(learned ? [learned] : [])]);
  for (const { settings, observer, learned } of sites.activations.values())
    tf.dispose([settings, observer, ...(learned ? [learned] : [])]);
}
