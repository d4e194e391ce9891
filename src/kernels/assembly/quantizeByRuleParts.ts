/** What quantizing by a rule and learning its parameters share: the words of their settings, and where a value stands on the grid. */
import { tanh4 } from './lanes';
import { chances } from './random';

// As in ../quantizeByRule/constants.ts.
export const SIGN: f32 = 2;
export const TANH: f32 = 3;
export const CLIP: f32 = 0;
export const LSQ: f32 = 1;
export const LSQ_PLUS: f32 = 2;
export const PACT: f32 = 3;
export const CLOSED: f32 = 4;
export const EVERYWHERE: f32 = 5;
export const EWGS: f32 = 1;
export const SOFT: f32 = 2;
export const NONE: f32 = 3;
export const EWGS_DELTA: f32 = 0.2;
export const SOFT_STEEPNESS: f32 = 4;
export const SOFT_NORM: f32 = 2.0746294414550965;
export const CLIP_DECAY: f32 = 2e-4;

@inline
export function isStochastic(settings: usize, clock: usize): bool {
  return load<f32>(settings, 24) == 1 && load<f32>(clock) >= 0;
}

/** Where x stands on the grid; the zero point is not added. */
@inline
export function positionOf(x: v128, inverse: v128, tanh: bool, half: v128): v128 {
  return tanh ? f32x4.add(f32x4.mul(tanh4(x), inverse), half) : f32x4.mul(x, inverse);
}

/** @param index of the element in each lane, for its random number */
@inline
export function roundAt(position: v128, stochastic: bool, stream: v128, index: i32): v128 {
  if (!stochastic) return f32x4.nearest(position);
  const below = f32x4.floor(position);
  const up = f32x4.lt(chances(stream, index), f32x4.sub(position, below));
  return f32x4.add(below, v128.and(up, f32x4.splat(1)));
}

@inline
export function clamp(x: v128, low: v128, high: v128): v128 {
  return f32x4.min(f32x4.max(x, low), high);
}

@inline
export function signOf(x: v128): v128 {
  return v128.bitselect(f32x4.splat(1), f32x4.splat(-1), f32x4.ge(x, f32x4.splat(0)));
}
