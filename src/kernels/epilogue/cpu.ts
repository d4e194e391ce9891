/** The epilogue in JavaScript, rounded to float32 after every operation. */
import { floats, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { roundHalfEven } from '../rounding';
import { type ActivationName, activationNamed } from './activations';

const scaleRow = 0;
const quantizedRow = 3;

/** The products of input scale and weight scale, by channel. */
function products(inputParams: Float32Array, weightParams: Float32Array, channels: number): Float32Array {
  return weightParams.slice(scaleRow, channels).map((scale) => scale * inputParams[scaleRow]!);
}

/** The bias, rounded to the accumulator's grid where input and weights are quantized. */
function roundedBias(
  bias: Float32Array,
  inputParams: Float32Array,
  weightParams: Float32Array,
  scales: Float32Array,
): Float32Array {
  return bias.map((b, c) => {
    const scale = scales[c]!;
    const rounds = inputParams[quantizedRow] === 1 && weightParams[quantizedRow * bias.length + c] === 1;
    return rounds ? roundHalfEven(Math.fround(b / scale)) * scale : b;
  });
}

/** What the activation function is applied to, and its derivative taken at. */
function preactivation(sum: number, scale: number, bias: number): number {
  return Math.fround(Math.fround(sum * scale) + bias);
}

export const epilogueCpu =
  (activation: ActivationName): Implementation<'acc' | 'inputParams' | 'weightParams' | 'bias'> =>
  ({ inputs, backend }) => {
    const { apply } = activationNamed(activation);
    const inputParams = floats(backend, inputs.inputParams);
    const weightParams = floats(backend, inputs.weightParams);
    const channels = lastAxis(inputs.acc.shape);
    const scales = products(inputParams, weightParams, channels);
    const bias = roundedBias(floats(backend, inputs.bias), inputParams, weightParams, scales);
    const y = floats(backend, inputs.acc).map((sum, i) => {
      const c = i % channels;
      return apply(preactivation(sum, scales[c]!, bias[c]!));
    });
    return result(backend, inputs.acc.shape, y);
  };

export const epilogueGradientCpu =
  (activation: ActivationName): Implementation<'dy' | 'saved' | 'inputParams' | 'weightParams' | 'bias'> =>
  ({ inputs, backend }) => {
    const { slope, slopeOf } = activationNamed(activation);
    const inputParams = floats(backend, inputs.inputParams);
    const weightParams = floats(backend, inputs.weightParams);
    const channels = lastAxis(inputs.saved.shape);
    const scales = products(inputParams, weightParams, channels);
    const bias = roundedBias(floats(backend, inputs.bias), inputParams, weightParams, scales);
    const saved = floats(backend, inputs.saved);
    const sums = new Float64Array(channels);
    const dacc = floats(backend, inputs.dy).map((dy, i) => {
      const c = i % channels;
      const at = slopeOf === 'output' ? saved[i]! : preactivation(saved[i]!, scales[c]!, bias[c]!);
      const upstream = Math.fround(dy * slope(at));
      sums[c] = sums[c]! + upstream;
      return upstream * scales[c]!;
    });
    return [result(backend, inputs.saved.shape, dacc), result(backend, [channels], Float32Array.from(sums))];
  };
