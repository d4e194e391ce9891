/** Parameters of float formats in JavaScript, rounded to float32 after every operation. */
import { floats, replace, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { scaleAndInverse } from '../scale';

export const clearQuantizedCpu: Implementation<'params'> = ({ inputs, backend }) => {
  const channels = inputs.params.shape[1]!;
  replace(backend, inputs.params, Float32Array.from(floats(backend, inputs.params)).fill(0, 3 * channels));
  return [];
};

export const unitParamsCpu: Implementation<'w'> = ({ inputs, backend }) => {
  const channels = lastAxis(inputs.w.shape);
  return result(backend, [4, channels], new Float32Array(4 * channels).fill(1, 0, 2 * channels));
};

export const floatActivationParamsCpu: Implementation<'state' | 'settings'> = ({ inputs, backend }) => {
  const [, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  if (mode === 0) return result(backend, [4, 1], Float32Array.of(1, 1, 0, 0));
  const [min = 0, max = 0, initialised = 0] = floats(backend, inputs.state);
  const greatest = initialised === 0 ? 1 : Math.max(Math.abs(min), Math.abs(max));
  const [scale, inverse] = scaleAndInverse(Math.fround(greatest / qmax));
  return result(backend, [4, 1], Float32Array.of(scale, inverse, 0, 0));
};
