/** WGSL of quantizing by a rule and of learning its parameters: how numbers are written, where a value stands on the grid, threads. */
import { util } from '@tensorflow/tfjs-core';
import { tanhWgsl } from '../epilogue/tanh';
import { randomWgsl } from '../random';
import { float } from '../wgsl';
import { modes } from './constants';

const perThread = 8;

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

/** WGSL, first in main: what the elements of one thread have in common. */
export const thread = `
  let thread = group * 64u + lane;
  let threads = u32(uniforms.threads);
  if (thread >= threads) { return; }
  let channels = u32(uniforms.channels);
  let c = thread % channels;
  let inverse = params[channels + c];
  let zeroPoint = params[2u * channels + c];
  let stochastic = isStochastic();
  let stream = streamOf(settings[7], clock[0]);
`;

/** A multiple of the channels, so that a thread meets only one. */
export const threadsFor = (shape: number[], channels: number, elements = perThread): number =>
  channels * Math.ceil(util.sizeFromShape(shape) / channels / elements);
