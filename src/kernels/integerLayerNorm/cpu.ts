/** integerLayerNorm in JavaScript. */
import { floats, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { epsilon } from '../layerNorm/constants';
import { roundHalfEven } from '../rounding';
import { largestEpsilon, normalBits } from './constants';

const { fround } = Math;

export const integerLayerNormCpu: Implementation<'x' | 'params'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const [scale = Number.NaN] = floats(backend, inputs.params);
  const depth = lastAxis(inputs.x.shape);
  const ratio = fround(fround(fround(fround(epsilon) * depth) * depth) / fround(scale * scale));
  const added = Math.min(roundHalfEven(ratio), largestEpsilon);
  const y = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += depth) {
    const row = x.subarray(at, at + depth);
    let [sum, squares] = [0, 0];
    for (const value of row) {
      sum += value;
      squares += value * value;
    }
    let n = Math.max(depth * squares - sum * sum + added, 1);
    let j = 0;
    for (; n < 2 ** 30; j++) n *= 4;
    const root = Math.floor(Math.sqrt(n));
    row.forEach((value, c) => {
      const centred = depth * value - sum;
      const steps = Math.floor((Math.abs(centred) * 2 ** (normalBits + j) + (root >> 1)) / root);
      y[at + c] = centred < 0 ? -steps : steps;
    });
  }
  return result(backend, inputs.x.shape, y);
};
