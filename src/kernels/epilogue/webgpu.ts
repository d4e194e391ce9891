/** The epilogue in WGSL. The bias gradient is reduced in a fixed order: partial sums over rows, then their sum. */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { output, release, Shader } from '../webgpu';
import { type ActivationName, activationNamed, activations } from './activations';

/** Rows of one column that a thread handles, rounding the bias once. */
const rowsPerThread = 8;

/** Up to so many rows one thread sums a whole column, which saves a dispatch. */
const rowsInOnePass = 64;

/** The bias of channel c, rounded to the accumulator's grid where input and weights are quantized. */
const roundedBias = `
fn roundedBias(c: u32, channels: u32, scale: f32) -> f32 {
  let b = bias[c];
  if (inputParams[3] == 1.0 && weightParams[3u * channels + c] == 1.0) {
    return exact(round(divide(b, scale)) * scale);
  }
  return b;
}
`;

const forward = (activation: ActivationName) =>
  new Shader({
    name: `epilogue_${activation}`,
    tensors: [
      { name: 'y', use: 'out' },
      { name: 'acc', use: 'in' },
      { name: 'inputParams', use: 'in' },
      { name: 'weightParams', use: 'in' },
      { name: 'bias', use: 'in' },
    ],
    uniforms: ['threads'],
    code: `
${activationNamed(activation).wgsl}
${roundedBias}
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let threads = u32(uniforms.threads);
  if (thread >= threads) { return; }
  let channels = u32(uniforms.biasLength);
  let c = thread % channels;
  let scale = exact(inputParams[0] * weightParams[c]);
  let b = roundedBias(c, channels, scale);
  for (var i = thread; i < u32(uniforms.accLength); i = i + threads) {
    y[i] = apply(exact(exact(acc[i] * scale) + b));
  }
}`,
  });

/**
 * Thread (part, c) handles rows part, part + parts, ... of column c: neighbours read neighbouring elements. `saved` is y,
 * or acc where the slope is that of the input.
 */
const gradient = (activation: ActivationName) => {
  const { slopeOf, wgsl } = activationNamed(activation);
  const ofInput = slopeOf === 'input';
  return new Shader({
    name: `epilogueGradient_${activation}`,
    tensors: [
      { name: 'dacc', use: 'out' },
      { name: 'partialSums', use: 'out' },
      { name: 'dy', use: 'in', once: true },
      { name: 'saved', use: 'in' },
      { name: 'inputParams', use: 'in' },
      { name: 'weightParams', use: 'in' },
      ...(ofInput ? [{ name: 'bias', use: 'in' } as const] : []),
    ],
    uniforms: ['channels', 'parts'],
    code: `
${wgsl}
${ofInput ? roundedBias : ''}
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let channels = u32(uniforms.channels);
  let threads = channels * u32(uniforms.parts);
  if (thread >= threads) { return; }
  let c = thread % channels;
  let scale = exact(inputParams[0] * weightParams[c]);
  ${ofInput ? 'let b = roundedBias(c, channels, scale);' : ''}
  var sum = 0.0;
  for (var i = thread; i < u32(uniforms.savedLength); i = i + threads) {
    let upstream = exact(dy[i] * slope(${ofInput ? 'exact(exact(saved[i] * scale) + b)' : 'saved[i]'}));
    dacc[i] = upstream * scale;
    sum = sum + upstream;
  }
  partialSums[thread] = sum;
}`,
  });
};

const sumParts = new Shader({
  name: 'epilogueSumParts',
  tensors: [
    { name: 'sums', use: 'out' },
    { name: 'partialSums', use: 'in' },
  ],
  uniforms: [],
  code: `
var<workgroup> total: array<f32, 64>;

fn main(group: u32, lane: u32) {
  let channels = u32(uniforms.sumsLength);
  var sum = 0.0;
  if (group < channels) {
    for (var i = lane * channels + group; i < u32(uniforms.partialSumsLength); i = i + 64u * channels) {
      sum = sum + partialSums[i];
    }
  }
  total[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width = width / 2u) {
    if (lane < width) { total[lane] = total[lane] + total[lane + width]; }
    workgroupBarrier();
  }
  if (lane == 0u && group < channels) { sums[group] = total[0]; }
}`,
});

function shaderOfEach(make: (activation: ActivationName) => Shader): Record<ActivationName, Shader> {
  const names = Object.keys(activations) as ActivationName[];
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<ActivationName, Shader>;
}

const forwards = shaderOfEach(forward);
const gradients = shaderOfEach(gradient);

export const epilogueWebgpu =
  (activation: ActivationName): Implementation<'acc' | 'inputParams' | 'weightParams' | 'bias'> =>
  ({ inputs: { acc, inputParams, weightParams, bias }, backend }) => {
    const y = output(backend, acc.shape);
    const channels = lastAxis(acc.shape);
    const threads = channels * Math.ceil(util.sizeFromShape(acc.shape) / channels / rowsPerThread);
    const tensors = [y, acc, inputParams, weightParams, bias];
    forwards[activation].runFor(backend, threads, tensors, [threads]);
    return y;
  };

export const epilogueGradientWebgpu =
  (activation: ActivationName): Implementation<'dy' | 'saved' | 'inputParams' | 'weightParams' | 'bias'> =>
  ({ inputs: { dy, saved, inputParams, weightParams, bias }, backend }) => {
    const channels = lastAxis(saved.shape);
    const rows = util.sizeFromShape(saved.shape) / channels;
    const parts = rows <= rowsInOnePass ? 1 : Math.ceil(Math.sqrt(rows));
    const dacc = output(backend, saved.shape);
    const partialSums = output(backend, parts === 1 ? [channels] : [parts, channels]);
    const tensors = [dacc, partialSums, dy, saved, inputParams, weightParams];
    if (activationNamed(activation).slopeOf === 'input') tensors.push(bias);
    gradients[activation].runFor(backend, parts * channels, tensors, [channels, parts]);
    if (parts === 1) return [dacc, partialSums];
    const dbias = output(backend, [channels]);
    sumParts.run(backend, [dbias, partialSums], [], channels);
    release(backend, partialSums);
    return [dacc, dbias];
  };
