/** attentionSoftmax in JavaScript, rounded to float32 after every operation. */
import { floats, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { rowSum } from '../rowSum';
import { expFloat32 } from './exp';

const { fround } = Math;

export const attentionSoftmaxCpu =
  (causal: boolean): Implementation<'scores' | 'scale'> =>
  ({ inputs, backend }) => {
    const scores = floats(backend, inputs.scores);
    const [scale = Number.NaN] = floats(backend, inputs.scale);
    const [queries, keys] = inputs.scores.shape.slice(-2) as [number, number];
    const p = new Float32Array(scores.length);
    for (let row = 0; row * keys < scores.length; row++) {
      const seen = causal ? (row % queries) + 1 : keys;
      const x = scores.subarray(row * keys, row * keys + seen).map((score) => score * scale);
      const maximum = x.reduce((a, b) => Math.max(a, b));
      const exponentials = x.map((value) => expFloat32(fround(value - maximum)));
      const inverse = fround(1 / rowSum(seen, (k) => exponentials[k]!));
      p.set(
        exponentials.map((value) => value * inverse),
        row * keys,
      );
    }
    return result(backend, inputs.scores.shape, p);
  };

export const attentionSoftmaxGradientCpu: Implementation<'dy' | 'p' | 'scale'> = ({ inputs, backend }) => {
  const dy = floats(backend, inputs.dy);
  const p = floats(backend, inputs.p);
  const [scale = Number.NaN] = floats(backend, inputs.scale);
  const keys = lastAxis(inputs.p.shape);
  const dscores = new Float32Array(p.length);
  for (let at = 0; at < p.length; at += keys) {
    const sum = rowSum(keys, (k) => fround(dy[at + k]! * p[at + k]!));
    for (let k = at; k < at + keys; k++) dscores[k] = fround(p[k]! * fround(dy[k]! - sum)) * scale;
  }
  return result(backend, inputs.p.shape, dscores);
};
