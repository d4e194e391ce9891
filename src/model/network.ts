/**
 * A network's variables and its forward pass. Float twin, QAT network and PTQ are the same pass over different
 * variables and sites: the float twin has no sites, PTQ has the float twin's variables and sites of its own.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type LayerSpec, siteAt } from '@/catalog/layers';
import {
  type ActivationSite,
  type ActivationSiteName,
  activationBits,
  type WeightSiteName,
} from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import type { ResolvedLayer } from '@/experiment/network';
import { stopGradient } from '@/kernels/definition';
import { scaleValues } from '@/kernels/scaleValues';
import {
  activationParamsOf,
  initialiseActivations,
  observeActivations,
  roundActivations,
} from '@/quant/activations';
import type { ActivationState } from '@/quant/quantizer';
import { type Rounded, roundWeights } from '@/quant/weights';
import { Constants } from './constants';
import { integerLimit } from './integers';
import { implementationOf, type Layer, type Signal } from './layers';
import type { Deployed, Repeated } from './layers/layer';
import type { Pass } from './pass';
import { type NetworkPlan, placeKey } from './sites';
import type { NetworkVariables } from './variables';

/** A signal with the most that its integers can be, where the pass computes in integers: exact sums cost products more. */
const withLimit = (signal: Signal, { integers }: Pass, limit: number | undefined): Signal =>
  integers && limit !== undefined ? { ...signal, limit } : signal;

/** The forward pass of one experiment's network, for whichever variables and sites it is given. */
export class Network {
  private readonly constants: Constants;

  /**
   * @param plan may be replaced by one with other settings of the same layers
   * @param seed of what layers draw by chance
   * @param lender a network of the same layers whose constants are used
   */
  constructor(
    public plan: NetworkPlan,
    private readonly seed: number,
    private readonly lender?: Network,
  ) {
    this.constants = lender?.constants ?? new Constants();
  }

  /**
   * @param x [batch, ...inputShape]
   * @returns logits [batch, classes], or [batch, positions, classes] of a sequence
   */
  forward(variables: NetworkVariables, x: tf.Tensor, pass: Pass): tf.Tensor {
    const { input, layers } = this.plan;
    const signals = [input ? this.round(inputName, 'activations', x, input, pass) : this.plain(x)];
    // Whoever looks in may keep what is seen; gradients need everything.
    const { training, tap, visit, enter } = pass;
    const frees = !training && !tap && !visit && !enter;
    layers.forEach((layer, index) => {
      const skipped = layer.source === undefined ? undefined : signals[layer.source];
      enter?.(layer.name, () => this.numbers(signals[index]!));
      const run = () => {
        const given = this.given(layer, variables, pass);
        return implementationOf(layer.spec)(
          signals[index]!,
          skipped === undefined ? given : { ...given, skipped },
        );
      };
      signals.push(frees ? tf.tidy(run as () => Signal & tf.TensorContainerObject) : run());
      if (frees) this.freeBefore(signals, index, x);
    });
    return this.numbers(signals.at(-1)!);
  }

  /**
   * Lets go of the values that no layer after this one reads, so that later ones take their place, which is in the cache.
   * @param index of the layer that was run last
   */
  private freeBefore(signals: readonly Signal[], index: number, x: tf.Tensor): void {
    const { layers } = this.plan;
    const isRead = (at: number) => at > index || layers.slice(index + 1).some(({ source }) => source === at);
    const read = new Set(signals.filter((_, at) => isRead(at)).map(({ values }) => values));
    for (const at of new Set([index, layers[index]!.source ?? index])) {
      const { values } = signals[at]!;
      if (!isRead(at) && values !== x && !read.has(values)) values.dispose();
    }
  }

  dispose(): void {
    if (!this.lender) this.constants.dispose();
  }

  private readonly plain = (values: tf.Tensor): Signal => ({
    values,
    params: this.constants.passThrough(1),
  });

  private readonly through = (channels: number): tf.Tensor2D => this.constants.passThrough(channels);

  private readonly numbers = ({ values, params }: Signal): tf.Tensor => {
    const [, channels] = params.shape;
    if (params === this.constants.passThrough(channels)) return values;
    return scaleValues(values, params);
  };

  private readonly scaleOf = ({ params }: Signal): tf.Tensor =>
    tf.reshape(tf.slice(params, [0, 0], [1, 1]), [1]);

  private given({ name, spec }: ResolvedLayer, variables: NetworkVariables, pass: Pass): Layer {
    const variable = (tensor: string) => variables.get(`${name}/${tensor}`)!;
    const roundWeights = (site: WeightSiteName, weights: tf.Tensor) =>
      this.roundWeights({ name, spec }, site, weights, pass);
    return {
      spec,
      name,
      training: pass.training,
      ...(pass.norm && !pass.held?.has(name) ? { norm: pass.norm } : {}),
      variable,
      roundWeights,
      weights: (site = 'weights') => roundWeights(site, variable(site)),
      round: (values, site = 'activations') => {
        if (site === 'activations') pass.visit?.(name, values);
        return this.round(name, site, values, siteAt(spec, site)!, pass);
      },
      deployed: (site) => this.deployed(name, spec, site, pass),
      look: (site, found) => this.look(name, site, found, pass),
      repeated: (site) => this.repeated(name, site, siteAt(spec, site)!, pass),
      plain: this.plain,
      through: this.through,
      numbers: this.numbers,
      scaleOf: this.scaleOf,
      seed: this.constants.seed(this.seed, name),
      clock: pass.clock ?? this.constants.stopped,
    };
  }

  /** A site of a layer as the deployed network rounds there; logits without bits have a grid of their own. */
  private deployed(
    name: string,
    spec: LayerSpec,
    siteName: ActivationSiteName,
    pass: Pass,
  ): Deployed | undefined {
    const site = siteAt(spec, siteName)!;
    const state = pass.sites?.activations.get(placeKey(name, siteName));
    if (!pass.integers || !state) return undefined;
    const limit = integerLimit(siteName, site);
    if (limit !== undefined) {
      const params = activationParamsOf(site, state);
      const clock = this.constants.stopped;
      const round = (values: tf.Tensor) => roundActivations(values, site, state, clock, params).values;
      return { params, settings: state.settings as unknown as tf.Tensor1D, limit, round };
    }
    const isLogits =
      siteName === 'activations' && activationBits(site) === 32 && name === this.plan.layers.at(-1)!.name;
    return isLogits ? this.constants.logits : undefined;
  }

  /** Shows a site that was rounded as integers to those who look. */
  private look(
    name: string,
    site: ActivationSiteName,
    found: () => { latent: tf.Tensor; rounded: Rounded },
    { visit, tap, sites }: Pass,
  ): void {
    if (!visit && !tap) return;
    const { latent, rounded } = found();
    if (site === 'activations') visit?.(name, latent);
    const { settings } = sites!.activations.get(placeKey(name, site))!;
    tap?.(name, site, latent, rounded, settings as unknown as tf.Tensor1D);
  }

  private roundWeights(
    { name, spec }: Pick<ResolvedLayer, 'name' | 'spec'>,
    site: WeightSiteName,
    weights: tf.Tensor,
    pass: Pass,
  ): Signal {
    const state = pass.sites?.weights.get(placeKey(name, site));
    if (!state || !pass.quantize)
      return { values: weights, params: this.constants.passThrough(weights.shape.at(-1)!) };
    const rounded = roundWeights(weights, siteAt(spec, site)!, state, pass.clock ?? this.constants.stopped);
    pass.tap?.(name, site, weights, rounded, state.settings as unknown as tf.Tensor1D);
    return withLimit(rounded, pass, integerLimit(site, siteAt(spec, site)!));
  }

  private round(
    name: string,
    siteName: ActivationSiteName,
    latent: tf.Tensor,
    site: ActivationSite,
    pass: Pass,
  ): Signal {
    const state = this.observed(name, siteName, latent, site, pass);
    if (!state || !pass.quantize) return this.plain(latent);
    const rounded = roundActivations(latent, site, state, pass.clock ?? this.constants.stopped);
    pass.tap?.(name, siteName, latent, rounded, state.settings as unknown as tf.Tensor1D);
    return withLimit(rounded, pass, integerLimit(siteName, site));
  }

  /** A site's state, after these values were taken into it as the pass asks. */
  private observed(
    name: string,
    siteName: ActivationSiteName,
    latent: tf.Tensor,
    site: ActivationSite,
    pass: Pass,
  ): ActivationState | undefined {
    const key = placeKey(name, siteName);
    const state = pass.sites?.activations.get(key);
    if (state && pass.initialise?.sites.has(key))
      initialiseActivations(latent, site, state, pass.initialise.fresh);
    pass.see?.(key, latent);
    if (state && pass.observe && !pass.held?.has(name)) observeActivations(latent, site, state);
    return state;
  }

  /** Rounds by what was observed up to the pass before: the values of one pass come one after the other. */
  private repeated(name: string, siteName: ActivationSiteName, site: ActivationSite, pass: Pass): Repeated {
    const state = pass.sites?.activations.get(placeKey(name, siteName));
    const quantizes = state !== undefined && pass.quantize;
    const clock = pass.clock ?? this.constants.stopped;
    const params = quantizes ? activationParamsOf(site, state) : undefined;
    const latents: tf.Tensor[] = [];
    const roundeds: tf.Tensor[] = [];
    return {
      round: (latent) => {
        latents.push(latent);
        if (!quantizes) return this.plain(latent);
        const rounded = roundActivations(latent, site, state, clock, params);
        roundeds.push(rounded.values);
        return withLimit(rounded, pass, integerLimit(siteName, site));
      },
      done: () => {
        const seen = stopGradient(() => tf.concat(latents, 0));
        if (siteName === 'activations') pass.visit?.(name, seen);
        this.observed(name, siteName, seen, site, pass);
        if (!quantizes || !pass.tap) return;
        // Those who look see examples first, then positions.
        const rounded = { values: tf.stack(roundeds, 1), params: params! };
        pass.tap(name, siteName, tf.stack(latents, 1), rounded, state.settings as unknown as tf.Tensor1D);
      },
    };
  }
}
