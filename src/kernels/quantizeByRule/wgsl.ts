/** WGSL of quantizing by a rule and of learning its parameters: how numbers are written, where a value stands on the grid, threads. */
import { util } from '@tensorflow/tfjs-core';
import { tanhWgsl } from '../epilogue/tanh';
import { randomWgsl } from '../random';
import { modes } from './constants';

const perThread = 8;

/** A number as WGSL writes it. */
export const float = (value: number) => (Number.isInteger(value) ? `${value}.0` : `${value}f`);

export const rounding = `
${tanhWgsl}${randomWgsl}
fn isStochastic() -> bool { return settings[6] == 1.0 && clock[0] >= 0.0; }

fn positionOf(value: f32, inverse: f32) -> f32 {
  if (settings[2] == ${float(modes.tanh)}) {
    return exact(exact(tanhFloat32(value) * inverse) + settings[1] * 0.5);
  }
  return exact(value * inverse);
}

fn roundAt(position: f32, stochastic: bool, stream: u32, index: u32) -> f32 {
  if (!stochastic) { return round(position); }
  let below = floor(position);
  return select(below, below + 1.0, chanceOf(stream, index) < exact(position - below));
}
`;

/** A multiple of the channels, so that a thread meets only one. */
export const threadsFor = (shape: number[], channels: number, elements = perThread): number =>
  channels * Math.ceil(util.sizeFromShape(shape) / channels / elements);
