/**
 * Oscillation of a QAT network's weights: every tensor that is rounded to the nearest level of a coarse grid is watched, and
 * damped or frozen where its site says so. Wider grids are watched only where something is done.
 */
import * as tf from '@tensorflow/tfjs-core';
import { volume } from '@/catalog/layers';
import { idleReason, oscillationAt, unwatchedReason, type WeightSite } from '@/catalog/quantizers';
import { channelScale } from '@/kernels/batchNorm';
import {
  dampGradient,
  freshOscillation,
  means,
  type RoundedWeights,
  resetOscillation,
  rowCount,
  trackOscillation,
} from '@/kernels/oscillation';
import type { Tap } from './pass';
import { type NetworkPlan, placeKey, weightPlaces } from './sites';
import { type NetworkVariables, normAt } from './variables';

/** m of the moving averages, as in the paper. */
export const momentum = 0.01;
/** Freezing: the frequency above which a weight is frozen. docs/quantizers/oscillation.md says how these were chosen. */
export const freezeThreshold = 0.02;
/** Damping: lambda once it has risen, and the steps that it rises over. */
export const finalLambda = 0.01;
export const riseSteps = 1000;

type Means = keyof typeof means;

interface Track {
  means: Means;
  /** [6, n] and [6]: src/kernels/oscillation/constants.ts */
  state: tf.Variable;
  control: tf.Variable;
  /** What the forward pass of the step under way rounded. */
  rounded?: RoundedWeights;
}

const variable = (values: Float32Array, shape: number[]): tf.Variable =>
  tf.tidy(() => tf.variable(tf.tensor(values, shape, 'float32'), false));

/** @param start the step at which lambda begins to rise */
const controlOf = (chosen: Means, start: number): Float32Array =>
  Float32Array.of(means[chosen], momentum, freezeThreshold, finalLambda, riseSteps, start);

function trackOf(shape: readonly number[], chosen: Means, step: number): Track {
  const size = volume(shape);
  const control = controlOf(chosen, step);
  return {
    means: chosen,
    state: variable(freshOscillation(size), [rowCount, size]),
    control: variable(control, [control.length]),
  };
}

const meansAt = (site: WeightSite): Means => (idleReason(site) ? 'idle' : oscillationAt(site));

export class Oscillations {
  /** By place, "<layer>/<site>". */
  private readonly tracks = new Map<string, Track>();

  /**
   * Follows the sites of a plan.
   * @param step steps done: where the rise of lambda begins at sites whose choice is new
   * @param anew places whose weights are watched afresh, since their grid is another
   */
  arrange(plan: NetworkPlan, step: number, anew?: ReadonlySet<string>): void {
    for (const { key, site, shape } of weightPlaces(plan)) {
      const old = this.tracks.get(key);
      if (unwatchedReason(site)) {
        if (old) disposeTrack(old);
        this.tracks.delete(key);
        continue;
      }
      const chosen = meansAt(site);
      if (!old) {
        this.tracks.set(key, trackOf(shape, chosen, step));
        continue;
      }
      // In the variables at hand, which a recorded step knows.
      const wakes = old.means !== chosen && [old.means, chosen].includes('idle');
      const isFresh = wakes || (anew?.has(key) ?? false);
      if (isFresh) resetOscillation(old.state);
      if (isFresh || old.means !== chosen) {
        old.means = chosen;
        tf.tidy(() => old.control.assign(tf.tensor1d(controlOf(chosen, step))));
      }
    }
  }

  /** Sees what a step's forward pass rounds, until `release`. */
  readonly tap: Tap = (layer, site, _latent, { values, params }, settings) => {
    const track = this.tracks.get(placeKey(layer, site));
    if (!track || track.rounded) return;
    track.rounded = { levels: tf.keep(values), params: tf.keep(params), settings };
  };

  /** The gradients of the loss with damping. @param gradients by the name that tfjs gave each variable */
  damp(
    gradients: Record<string, tf.Tensor>,
    variables: NetworkVariables,
    clock: tf.Tensor,
  ): Record<string, tf.Tensor> {
    const damped = { ...gradients };
    for (const [key, { means: chosen, control, rounded }] of this.tracks) {
      if (chosen !== 'damp' || !rounded) continue;
      const w = variables.get(key)!;
      damped[w.name] = dampGradient(gradients[w.name]!, w, unfolded(rounded, variables, key), control, clock);
    }
    return damped;
  }

  /** Takes the step into account once the weights are updated: counts, and holds what is frozen. */
  track(variables: NetworkVariables): void {
    for (const [key, { means: chosen, state, control, rounded }] of this.tracks) {
      if (!rounded) continue;
      const grid = chosen === 'free' || chosen === 'idle' ? rounded : unfolded(rounded, variables, key);
      trackOscillation(variables.get(key)!, grid, control, state);
    }
  }

  /** Ends a step. */
  release(): void {
    for (const track of this.tracks.values()) {
      if (track.rounded) tf.dispose([track.rounded.levels, track.rounded.params]);
      delete track.rounded;
    }
  }

  /** The state [6, n] of the weights at a place, if they are watched. */
  at(key: string): tf.Variable | undefined {
    const track = this.tracks.get(key);
    return track?.means === 'idle' ? undefined : track?.state;
  }

  /** Everything that a checkpoint must hold, by name. */
  state(): [name: string, variable: tf.Variable][] {
    return [...this.tracks].flatMap(([key, { state, control }]) => [
      [`${key}/oscillation`, state] as [string, tf.Variable],
      [`${key}/oscillation/control`, control] as [string, tf.Variable],
    ]);
  }

  dispose(): void {
    this.release();
    for (const track of this.tracks.values()) disposeTrack(track);
    this.tracks.clear();
  }
}

/** The grid in terms of the variable itself, where batch norm is folded into what is rounded. */
function unfolded(rounded: RoundedWeights, variables: NetworkVariables, key: string): RoundedWeights {
  const norm = normAt(variables, key);
  if (!norm) return rounded;
  const { params } = rounded;
  const [rows, columns] = params.shape;
  const factor = tf.reshape(channelScale(norm.gamma, norm.running), [1, norm.gamma.size]);
  const row = (index: number) => tf.slice(params, [index, 0], [1, columns]);
  const rest = tf.add(tf.slice(params, [2, 0], [rows - 2, columns]), tf.zerosLike(factor));
  const own = tf.concat([tf.div(row(0), factor), tf.mul(row(1), factor), rest], 0);
  return { ...rounded, params: own as tf.Tensor2D };
}

function disposeTrack({ state, control }: Track): void {
  tf.dispose([state, control]);
}
