/** integerSoftmax in JavaScript. */
import { expFloat32 } from '../attentionSoftmax/exp';
import { floats, result } from '../cpu';
import type { Implementation } from '../definition';
import { roundHalfEven } from '../rounding';
import { exponentialBits, shareBits } from './constants';

const { fround } = Math;

export const integerSoftmaxCpu =
  (causal: boolean): Implementation<'scores' | 'scale'> =>
  ({ inputs, backend }) => {
    const scores = floats(backend, inputs.scores);
    const [scale = Number.NaN] = floats(backend, inputs.scale);
    const [queries, keys] = inputs.scores.shape.slice(-2) as [number, number];
    const p = new Float32Array(scores.length);
    for (let row = 0; row * keys < scores.length; row++) {
      const seen = causal ? (row % queries) + 1 : keys;
      const own = scores.subarray(row * keys, row * keys + seen);
      const largest = own.reduce((a, b) => Math.max(a, b));
      const exponentials = own.map((score) =>
        roundHalfEven(expFloat32(fround((score - largest) * scale)) * 2 ** exponentialBits),
      );
      const total = exponentials.reduce((sum, e) => sum + e, 0);
      const half = Math.floor(total / 2);
      p.set(
        exponentials.map((e) => Math.floor((e * 2 ** shareBits + half) / total)),
        row * keys,
      );
    }
    return result(backend, inputs.scores.shape, p);
  };
