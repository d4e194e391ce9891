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
import { initialiseActivations, observeActivations, roundActivations } from '@/quant/activations';
import { passThroughParams } from '@/quant/settings';
import { roundWeights } from '@/quant/weights';
import { implementationOf } from './layers';
import type { NetworkPlan, Sites } from './sites';

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

/** What a tap sees of a site: the latent values, what they are rounded to, and how. */
export type Tap = (
  layer: string,
  site: 'weights' | 'activations',
  latent: tf.Tensor,
  /** Rounded values and their params: the numbers meant are values x scale. */
  rounded: Signal,
  settings: tf.Tensor1D,
) => void;

export interface Pass {
  /** Rounds at the sites; without it values stay float. */
  quantize: boolean;
  /** Takes the batch into the observers. */
  observe: boolean;
  sites?: Sites;
  /** Of stochastic rounding, [1]: the step. Without it every site rounds to nearest. */
  clock?: tf.Tensor;
  /** Makes the observers and learned values of these activation sites anew from this batch. */
  initialise?: { sites: ReadonlySet<string>; fresh: boolean };
  tap?: Tap;
  /** Sees every weighted layer's output before it is rounded. */
  visit?: (layer: string, output: tf.Tensor) => void;
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

export function disposeVariables(variables: NetworkVariables): void {
  for (const { weights, biases } of variables.values()) tf.dispose([weights, biases]);
}

/** Constant tensors that every pass uses, made once. */
class Constants {
  /** A clock that stands still: round to nearest. */
  readonly stopped = tf.keep(tf.tensor1d([-1]));
  private readonly made = new Map<number, tf.Tensor2D>();
  /** Params [4, channels] that let values through. */
  passThrough(channels: number): tf.Tensor2D {
    let params = this.made.get(channels);
    if (!params) {
      params = tf.keep(tf.tensor2d(passThroughParams(channels), [4, channels]));
      this.made.set(channels, params);
    }
    return params;
  }
  dispose(): void {
    tf.dispose([this.stopped, ...this.made.values()]);
    this.made.clear();
  }
}

/** The forward pass of one experiment's network, for whichever variables and sites it is given. */
export class Network {
  private readonly constants = new Constants();

  /** @param plan may be replaced by one with other settings of the same layers */
  constructor(public plan: NetworkPlan) {}

  /**
   * @param x [batch, ...inputShape]
   * @returns logits [batch, classes]
   */
  forward(variables: NetworkVariables, x: tf.Tensor, pass: Pass): tf.Tensor2D {
    let signal = this.round(inputName, x, this.plan.input, pass);
    for (const layer of this.plan.layers) signal = this.layer(layer, variables, signal, pass);
    return (
      signal.params === this.constants.passThrough(1)
        ? signal.values
        : tf.mul(signal.values, tf.slice(signal.params, [0, 0], [1, 1]))
    ) as tf.Tensor2D;
  }

  dispose(): void {
    this.constants.dispose();
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
    const state = pass.sites?.weights.get(name);
    if (!state || !pass.quantize)
      return { values: weights, params: this.constants.passThrough(weights.shape.at(-1)!) };
    const rounded = roundWeights(weights, spec.weights, state, pass.clock ?? this.constants.stopped);
    pass.tap?.(name, 'weights', weights, rounded, state.settings as unknown as tf.Tensor1D);
    return rounded;
  }

  private round(name: string, latent: tf.Tensor, site: ActivationSite, pass: Pass): Signal {
    const state = pass.sites?.activations.get(name);
    if (state && pass.initialise?.sites.has(name))
      initialiseActivations(latent, site, state, pass.initialise.fresh);
    if (state && pass.observe) observeActivations(latent, site, state);
    if (!state || !pass.quantize) return { values: latent, params: this.constants.passThrough(1) };
    const rounded = roundActivations(latent, site, state, pass.clock ?? this.constants.stopped);
    pass.tap?.(name, 'activations', latent, rounded, state.settings as unknown as tf.Tensor1D);
    return rounded;
  }
}
