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

export const epilogueCpu =
  (activation: ActivationName): Implementation<'acc' | 'inputParams' | 'weightParams' | 'bias'> =>
  ({ inputs, backend }) => {
    const { apply } = activationNamed(activation);
    const inputParams = floats(backend, inputs.inputParams);
    const weightParams = floats(backend, inputs.weightParams);
    const channels = lastAxis(inputs.acc.shape);
    const scales = products(inputParams, weightParams, channels);
    const bias = floats(backend, inputs.bias).map((b, c) => {
      const scale = scales[c]!;
      const rounds = inputParams[quantizedRow] === 1 && weightParams[quantizedRow * channels + c] === 1;
      return rounds ? roundHalfEven(Math.fround(b / scale)) * scale : b;
    });
    const y = floats(backend, inputs.acc).map((sum, i) => {
      const c = i % channels;
      return apply(Math.fround(Math.fround(sum * scales[c]!) + bias[c]!));
    });
    return result(backend, inputs.acc.shape, y);
  };

export const epilogueGradientCpu =
  (activation: ActivationName): Implementation<'dy' | 'y' | 'inputParams' | 'weightParams'> =>
  ({ inputs, backend }) => {
    const { slope } = activationNamed(activation);
    const channels = lastAxis(inputs.y.shape);
    const scales = products(
      floats(backend, inputs.inputParams),
      floats(backend, inputs.weightParams),
      channels,
    );
    const y = floats(backend, inputs.y);
    const sums = new Float64Array(channels);
    const dacc = floats(backend, inputs.dy).map((dy, i) => {
      const c = i % channels;
      const upstream = Math.fround(dy * slope(y[i]!));
      sums[c] = sums[c]! + upstream;
      return upstream * scales[c]!;
    });
    return [result(backend, inputs.y.shape, dacc), result(backend, [channels], Float32Array.from(sums))];
  };
