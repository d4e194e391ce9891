/**
 * AdaRound (Nagel et al. 2020): whether each weight of a layer is rounded up or down is learned, so that the layer's sums
 * change least. With the layer's inputs x in the Gram matrix H = mean x xᵀ, the squared change of the sums is the
 * quadratic form dᵀ H d of the weights' change d, exactly; so the whole calibration set counts at every step.
 *
 * minimise dᵀ H d + λ Σ (1 - |2 h(V) - 1|^β), h(V) = clip(sigmoid(V) (ζ - γ) + γ, 0, 1), d = s clip(floor(w / s) + h, ...) - w
 * ζ 1.1, γ -0.1, λ 0.01, β from 20 to 2 on a cosine after a fifth of the steps without the second term.
 */
import * as tf from '@tensorflow/tfjs-core';

const zeta = 1.1;
const gamma = -0.1;
const lambda = 0.01;
const [firstBeta, lastBeta] = [20, 2];
const warmUp = 0.2;
const rate = 0.01;
export const roundingSteps = 800;

export interface RoundingProblem {
  /** [G, K, N]: K weights for each of N sums, in G groups that have inputs of their own. */
  weights: tf.Tensor3D;
  /** [G, K, K] */
  gram: tf.Tensor3D;
  /** [G, 1, N], or one that broadcasts to it */
  scale: tf.Tensor3D;
  qmin: number;
  qmax: number;
}

/** dᵀ H d for every sum, [G, 1, N]. */
const changes = (gram: tf.Tensor3D, d: tf.Tensor): tf.Tensor =>
  tf.sum(tf.mul(d, tf.matMul(gram, d as tf.Tensor3D)), 1, true);

/** β of a step: infinite (no term) while warming up. */
function betaAt(step: number, steps: number): number | undefined {
  const start = warmUp * steps;
  if (step < start) return undefined;
  const share = (step - start) / (steps - start);
  return lastBeta + 0.5 * (firstBeta - lastBeta) * (1 + Math.cos(Math.PI * share));
}

interface State {
  v: tf.Tensor;
  m: tf.Tensor;
  s: tf.Tensor;
}

/** One step of Adam on V. */
function step(problem: RoundingProblem, down: tf.Tensor, state: State, at: number, steps: number): State {
  const { weights, gram, scale, qmin, qmax } = problem;
  return tf.tidy(() => {
    const sigmoid = tf.sigmoid(state.v);
    const stretched = tf.add(tf.mul(sigmoid, zeta - gamma), gamma);
    const h = tf.clipByValue(stretched, 0, 1);
    const inside = tf.cast(tf.logicalAnd(tf.greater(stretched, 0), tf.less(stretched, 1)), 'float32');
    const slope = tf.mul(tf.mul(tf.mul(sigmoid, tf.sub(1, sigmoid)), zeta - gamma), inside);
    const d = tf.sub(tf.mul(tf.clipByValue(tf.add(down, h), qmin, qmax), scale), weights);
    let gradient = tf.mul(tf.mul(tf.matMul(gram, d as tf.Tensor3D), 2), scale);
    const beta = betaAt(at, steps);
    if (beta !== undefined) {
      const centred = tf.sub(tf.mul(h, 2), 1);
      const away = tf.pow(tf.maximum(tf.abs(centred), 1e-6), tf.scalar(beta - 1));
      gradient = tf.sub(gradient, tf.mul(tf.mul(tf.sign(centred), away), 2 * lambda * beta));
    }
    gradient = tf.mul(gradient, slope);
    const m = tf.add(tf.mul(state.m, 0.9), tf.mul(gradient, 0.1));
    const s = tf.add(tf.mul(state.s, 0.999), tf.mul(tf.square(gradient), 0.001));
    const corrected = tf.div(m, 1 - 0.9 ** (at + 1));
    const spread = tf.add(tf.sqrt(tf.div(s, 1 - 0.999 ** (at + 1))), 1e-8);
    return { v: tf.sub(state.v, tf.mul(tf.div(corrected, spread), rate)), m, s };
  });
}

/**
 * The integers [G, K, N] that the weights are rounded to. A sum keeps rounding to nearest where that changes it less.
 * The caller disposes the result. @param breathe called now and then
 */
export async function adaround(
  problem: RoundingProblem,
  steps = roundingSteps,
  breathe: () => Promise<void> = async () => {},
): Promise<tf.Tensor3D> {
  const { weights, gram, scale, qmin, qmax } = problem;
  const down = tf.tidy(() => tf.floor(tf.div(weights, scale)));
  let state: State = tf.tidy(() => {
    const rest = tf.clipByValue(tf.sub(tf.div(weights, scale), down), 1e-4, 1 - 1e-4);
    // sigmoid⁻¹((rest - γ) / (ζ - γ))
    const share = tf.div(tf.sub(rest, gamma), zeta - gamma);
    const v = tf.log(tf.div(share, tf.sub(1, share)));
    return { v, m: tf.zerosLike(v), s: tf.zerosLike(v) };
  });
  for (let at = 0; at < steps; at++) {
    const next = step(problem, down, state, at, steps);
    tf.dispose([state.v, state.m, state.s]);
    state = next;
    if (at % 100 === 99) {
      await state.v.data();
      await breathe();
    }
  }
  const result = tf.tidy(() => {
    const up = tf.cast(tf.greaterEqual(state.v, 0), 'float32');
    const learned = tf.clipByValue(tf.add(down, up), qmin, qmax);
    const nearest = tf.clipByValue(tf.round(tf.div(weights, scale)), qmin, qmax);
    const cost = (q: tf.Tensor) => changes(gram, tf.sub(tf.mul(q, scale), weights));
    const better = tf.cast(tf.less(cost(learned), cost(nearest)), 'float32');
    return tf.add(tf.mul(better, learned), tf.mul(tf.sub(1, better), nearest)) as tf.Tensor3D;
  });
  tf.dispose([down, state.v, state.m, state.s]);
  return result;
}
