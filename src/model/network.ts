/**
 * A network's variables and its forward pass. Float twin, QAT network and PTQ are the same pass over different
 * variables and sites: the float twin has no sites, PTQ has the float twin's variables and sites of its own.
 */
import * as tf from '@tensorflow/tfjs-core';
import { isWeighted, type WeightedLayerSpec } from '@/catalog/layers';
import type { ActivationSite } from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { type ResolvedLayer, weightedLayers } from '@/experiment/network';
import { epilogue } from '@/kernels/epilogue';
import { quantize } from '@/kernels/quantize';
import { activationQuantizers } from '@/quant/activations';
import { activationSettings, freshObserver, passThroughParams, weightSettings } from '@/quant/settings';
import { weightQuantizers } from '@/quant/weights';
import { implementationOf } from './layers';

/** An activation tensor on its way: the numbers meant are values x scale (params row 0). */
export interface Signal {
  values: tf.Tensor;
  /** [4, 1]: scale, inverse, zero point, quantized. */
  params: tf.Tensor2D;
}

export interface LayerVariables {
  weights: tf.Variable;
  biases: tf.Variable;
}
/** By layer name. */
export type NetworkVariables = Map<string, LayerVariables>;

export interface ActivationState {
  settings: tf.Variable;
  /** [min, max, initialised, momentum] */
  observer: tf.Variable;
}
/** Where a network rounds: by layer name, the input under "input". */
export interface Sites {
  weights: Map<string, tf.Variable>;
  activations: Map<string, ActivationState>;
}

/** What a tap sees of a site: the latent values and how they are rounded. */
export type Tap = (
  layer: string,
  site: 'weights' | 'activations',
  latent: tf.Tensor,
  params: tf.Tensor2D,
  settings: tf.Tensor1D,
) => void;

export interface Pass {
  /** Rounds at the sites; without it values stay float. */
  quantize: boolean;
  /** Takes the batch into the observers. */
  observe: boolean;
  sites?: Sites;
  tap?: Tap;
  /** Sees every weighted layer's output before it is rounded. */
  visit?: (layer: string, output: tf.Tensor) => void;
}

export interface NetworkPlan {
  input: ActivationSite;
  layers: readonly ResolvedLayer[];
}

const floatVariable = (values: Float32Array, shape: readonly number[]): tf.Variable =>
  tf.tidy(() => tf.variable(tf.tensor(values, [...shape], 'float32')));

/** @param initial float32 values by "<layer>/weights" and "<layer>/biases" */
export function createVariables(
  { layers }: NetworkPlan,
  initial: Record<string, Float32Array>,
  trainable = true,
): NetworkVariables {
  return new Map(
    weightedLayers(layers).map(({ name, weightShape }) => {
      const weights = floatVariable(initial[`${name}/weights`]!, weightShape);
      const biases = floatVariable(initial[`${name}/biases`]!, [weightShape.at(-1)!]);
      weights.trainable = trainable;
      biases.trainable = trainable;
      return [name, { weights, biases }];
    }),
  );
}

const weightedSpec = (layer: ResolvedLayer) => layer.spec as WeightedLayerSpec;

export function createSites({ input, layers }: NetworkPlan): Sites {
  const weighted = weightedLayers(layers);
  const state = (site: ActivationSite): ActivationState => ({
    settings: floatVariable(activationSettings(site), [4]),
    observer: floatVariable(freshObserver(), [4]),
  });
  return {
    weights: new Map(
      weighted.map((layer) => [layer.name, floatVariable(weightSettings(weightedSpec(layer).weights), [4])]),
    ),
    activations: new Map([
      [inputName, state(input)],
      ...weighted.map((layer): [string, ActivationState] => [
        layer.name,
        state(weightedSpec(layer).activations),
      ]),
    ]),
  };
}

export function disposeSites(sites: Sites): void {
  for (const settings of sites.weights.values()) settings.dispose();
  for (const { settings, observer } of sites.activations.values()) tf.dispose([settings, observer]);
}

export function disposeVariables(variables: NetworkVariables): void {
  for (const { weights, biases } of variables.values()) tf.dispose([weights, biases]);
}

/** Writes new bits into the settings tensors; nothing else changes. */
export function writeSettings(sites: Sites, { input, layers }: NetworkPlan): void {
  const write = (variable: tf.Variable, values: Float32Array) =>
    tf.tidy(() => variable.assign(tf.tensor1d(values)));
  write(sites.activations.get(inputName)!.settings, activationSettings(input));
  for (const layer of weightedLayers(layers)) {
    const spec = weightedSpec(layer);
    write(sites.weights.get(layer.name)!, weightSettings(spec.weights));
    write(sites.activations.get(layer.name)!.settings, activationSettings(spec.activations));
  }
}

/** Constant tensors that a pass without rounding uses, made once. */
class PassThrough {
  private readonly made = new Map<number, tf.Tensor2D>();
  of(channels: number): tf.Tensor2D {
    let params = this.made.get(channels);
    if (!params) {
      params = tf.keep(tf.tensor2d(passThroughParams(channels), [4, channels]));
      this.made.set(channels, params);
    }
    return params;
  }
  dispose(): void {
    tf.dispose([...this.made.values()]);
    this.made.clear();
  }
}

/** The forward pass of one experiment's network, for whichever variables and sites it is given. */
export class Network {
  private readonly passThrough = new PassThrough();

  constructor(readonly plan: NetworkPlan) {}

  /**
   * @param x [batch, ...inputShape]
   * @returns logits [batch, classes]
   */
  forward(variables: NetworkVariables, x: tf.Tensor, pass: Pass): tf.Tensor2D {
    let signal = this.round(inputName, x, this.plan.input, pass);
    for (const layer of this.plan.layers) signal = this.layer(layer, variables, signal, pass);
    return (
      signal.params === this.passThrough.of(1)
        ? signal.values
        : tf.mul(signal.values, tf.slice(signal.params, [0, 0], [1, 1]))
    ) as tf.Tensor2D;
  }

  dispose(): void {
    this.passThrough.dispose();
  }

  private layer(layer: ResolvedLayer, variables: NetworkVariables, input: Signal, pass: Pass): Signal {
    const { spec, name } = layer;
    const implementation = implementationOf(spec);
    if (!isWeighted(spec) || !('accumulate' in implementation)) {
      if (!('apply' in implementation)) throw new Error(`Layer kind ${spec.kind} has no implementation.`);
      return { values: implementation.apply(spec, input.values), params: input.params };
    }
    const { weights, biases } = variables.get(name)!;
    const rounded = this.roundWeights(name, weights, spec, pass);
    const sums = implementation.accumulate(spec, input.values, rounded.values);
    const output = epilogue(
      sums,
      input.params,
      rounded.params,
      biases as unknown as tf.Tensor1D,
      spec.activation,
    );
    pass.visit?.(name, output);
    return this.round(name, output, spec.activations, pass);
  }

  private roundWeights(name: string, weights: tf.Variable, spec: WeightedLayerSpec, pass: Pass): Signal {
    const settings = pass.sites?.weights.get(name) as unknown as tf.Tensor1D | undefined;
    if (!settings || !pass.quantize)
      return { values: weights, params: this.passThrough.of(weights.shape.at(-1)!) };
    const params = weightQuantizers[spec.weights.quantizer](weights, settings);
    pass.tap?.(name, 'weights', weights, params, settings);
    return { values: quantize(weights, params, settings), params };
  }

  private round(name: string, latent: tf.Tensor, site: ActivationSite, pass: Pass): Signal {
    const state = pass.sites?.activations.get(name);
    const quantizer = activationQuantizers[site.quantizer];
    if (state && pass.observe) quantizer.observe(latent, state.observer);
    if (!state || !pass.quantize) return { values: latent, params: this.passThrough.of(1) };
    const settings = state.settings as unknown as tf.Tensor1D;
    const params = quantizer.params(state.observer as unknown as tf.Tensor1D, settings);
    pass.tap?.(name, 'activations', latent, params, settings);
    return { values: quantize(latent, params, settings), params };
  }
}
