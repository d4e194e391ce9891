/** Where a network rounds: the tensors of each site, made and rewritten when settings change. */
import * as tf from '@tensorflow/tfjs-core';
import { siteAt, volume } from '@/catalog/layers';
import {
  type ActivationSite,
  type ActivationSiteName,
  type SiteName,
  type TensorKind,
  tensorKindOf,
  type WeightSite,
  type WeightSiteName,
} from '@/catalog/quantizers';
import { stream } from '@/data/random';
import { inputName } from '@/experiment/changes';
import { type ResolvedLayer, tensorAt } from '@/experiment/network';
import type { Edit } from '@/experiment/schema';
import { activationQuantizers } from '@/quant/activations';
import type { ActivationState, WeightState } from '@/quant/quantizer';
import { activationSettings, weightSettings } from '@/quant/settings';
import { weightQuantizers } from '@/quant/weights';

export interface NetworkPlan {
  /** Absent where the input is not rounded: symbols of a text. */
  input?: ActivationSite;
  layers: readonly ResolvedLayer[];
}

/** Names a site in a network: "gru1/recurrent", "input/activations". */
export const placeKey = (layer: string, site: SiteName): string => `${layer}/${site}`;

/** By place. */
export interface Sites {
  weights: Map<string, WeightState>;
  activations: Map<string, ActivationState>;
}

/** Places of sites. */
export type SitePlaces = Readonly<Record<TensorKind, ReadonlySet<string>>>;

/** Random seeds of a site's stochastic rounding are whole numbers below this, exact as float32. */
const seeds = 2 ** 24;

const constant = (values: Float32Array, shape: number[]): tf.Variable =>
  tf.tidy(() => tf.variable(tf.tensor(values, shape, 'float32'), false));
const zeros = (shape: number[]): tf.Variable => tf.tidy(() => tf.variable(tf.zeros(shape)));

interface WeightPlace {
  key: string;
  layer: string;
  name: WeightSiteName;
  site: WeightSite;
  shape: readonly number[];
}
interface ActivationPlace {
  key: string;
  layer: string;
  name: ActivationSiteName;
  site: ActivationSite;
  /** Of one example. */
  shape: readonly number[];
}

const named = <N extends SiteName>(layer: ResolvedLayer, kind: TensorKind): N[] =>
  layer.sites.filter((name) => tensorKindOf(name) === kind) as N[];

export const weightPlaces = ({ layers }: NetworkPlan): WeightPlace[] =>
  layers.flatMap((layer) =>
    named<WeightSiteName>(layer, 'weights').map((name) => ({
      key: placeKey(layer.name, name),
      layer: layer.name,
      name,
      site: siteAt(layer.spec, name)!,
      shape: tensorAt(layer, name)!.shape,
    })),
  );

export const activationPlaces = ({ input, layers }: NetworkPlan): ActivationPlace[] => {
  const inside = layers.flatMap((layer) =>
    named<ActivationSiteName>(layer, 'activations').map((name) => ({
      key: placeKey(layer.name, name),
      layer: layer.name,
      name,
      site: siteAt(layer.spec, name)!,
      shape: layer.siteShapes[name] ?? [],
    })),
  );
  if (!input) return inside;
  const name = 'activations';
  const key = placeKey(inputName, name);
  return [{ key, layer: inputName, name, site: input, shape: layers[0]?.inputShape ?? [] }, ...inside];
};

const seedOf = (seed: number, place: string): number => Math.floor(stream(seed, place).next() * seeds);
const weightSettingsAt = ({ key, site, shape }: WeightPlace, seed: number, total: number) =>
  weightSettings(
    site,
    weightQuantizers[site.quantizer],
    shape,
    seedOf(seed, `rounding/${key}`),
    volume(shape) / total,
  );
/** How many weights a plan rounds or could round. */
const totalWeights = (plan: NetworkPlan): number =>
  weightPlaces(plan).reduce((sum, { shape }) => sum + volume(shape), 0);
const activationSettingsAt = ({ key, site, shape }: ActivationPlace, seed: number) =>
  activationSettings(site, activationQuantizers[site.quantizer], shape, seedOf(seed, `rounding/${key}`));

/** @param seed of the experiment. Learned values are 0 until they are initialised. */
export function createSites(plan: NetworkPlan, seed: number): Sites {
  const total = totalWeights(plan);
  const sites: Sites = {
    weights: new Map(
      weightPlaces(plan).map((place) => {
        const settings = weightSettingsAt(place, seed, total);
        return [place.key, { settings: constant(settings, [settings.length]) }];
      }),
    ),
    activations: new Map(
      activationPlaces(plan).map((place) => {
        const settings = activationSettingsAt(place, seed);
        const observer = activationQuantizers[place.site.quantizer].freshObserver();
        return [
          place.key,
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

/** What was written last: an edit of one site leaves the others as they are. */
const written = new WeakMap<tf.Variable, Float32Array>();
function write(variable: tf.Variable, values: Float32Array): void {
  const before = written.get(variable);
  if (before?.length === values.length && before.every((value, i) => Object.is(value, values[i]))) return;
  written.set(variable, values);
  tf.tidy(() => variable.assign(tf.tensor1d(values)));
}

/** Writes the settings of a plan into the sites' tensors, and makes them hold what their quantizers learn. */
export function arrangeSites(sites: Sites, plan: NetworkPlan, seed: number): void {
  const total = totalWeights(plan);
  for (const place of weightPlaces(plan)) {
    const state = sites.weights.get(place.key)!;
    write(state.settings, weightSettingsAt(place, seed, total));
    const { learned } = weightQuantizers[place.site.quantizer];
    arrangeLearned(state, learned?.shape(place.shape));
  }
  for (const place of activationPlaces(plan)) {
    const state = sites.activations.get(place.key)!;
    write(state.settings, activationSettingsAt(place, seed));
    const { learned } = activationQuantizers[place.site.quantizer];
    arrangeLearned(state, learned && [learned.least.length]);
  }
}

/** Every site of a plan. */
export const allSites = (plan: NetworkPlan): SitePlaces => ({
  weights: new Set(weightPlaces(plan).map(({ key }) => key)),
  activations: new Set(activationPlaces(plan).map(({ key }) => key)),
});

const none: SitePlaces = { weights: new Set(), activations: new Set() };
/** Settings whose change lets go of what a quantizer has learned or observed. */
const startsAnew: ReadonlySet<string> = new Set(['quantizer', 'granularity']);

/** The site whose observed or learned values an edit invalidates, in the plan after the edit. */
export function sitesToInitialise(edit: Edit, plan: NetworkPlan): SitePlaces {
  if (edit.kind !== 'bits' && edit.kind !== 'quantizer') return none;
  const key = placeKey(edit.layer, edit.site);
  const here: SitePlaces = { ...none, [tensorKindOf(edit.site)]: new Set([key]) };
  if (edit.kind === 'quantizer') return startsAnew.has(edit.setting) ? here : none;
  const place = activationPlaces(plan).find((each) => each.key === key);
  return place && !activationQuantizers[place.site.quantizer].dependsOnBits ? none : here;
}

/** Makes the learned values of these sites anew from their weights. @param weightsOf by place */
export function initialiseWeights(
  sites: Sites,
  plan: NetworkPlan,
  places: ReadonlySet<string>,
  weightsOf: (key: string) => tf.Tensor,
): void {
  for (const { key, site } of weightPlaces(plan)) {
    const { learned } = weightQuantizers[site.quantizer];
    if (!learned || !places.has(key)) continue;
    tf.tidy(() => sites.weights.get(key)!.learned!.assign(learned.initial(weightsOf(key), site)));
  }
}

export function disposeSites(sites: Sites): void {
  for (const { settings, learned } of sites.weights.values())
    tf.dispose([settings, ...(learned ? [learned] : [])]);
  for (const { settings, observer, learned } of sites.activations.values())
    tf.dispose([settings, observer, ...(learned ? [learned] : [])]);
}
