/** Dropout in JavaScript. */
import { floats, result } from '../cpu';
import type { Implementation } from '../definition';
import { chanceOf, streamOf } from '../random';

export const dropoutCpu: Implementation<'x' | 'rate' | 'seed' | 'clock'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const clock = floats(backend, inputs.clock)[0]!;
  if (clock < 0) return result(backend, inputs.x.shape, x.slice());
  const rate = floats(backend, inputs.rate)[0]!;
  const stream = streamOf(floats(backend, inputs.seed)[0]!, clock);
  const scale = Math.fround(1 / Math.fround(1 - rate));
  const y = x.map((value, i) => {
    if (Number.isNaN(value)) return value;
    return chanceOf(stream, i) >= rate ? value * scale : 0;
  });
  return result(backend, inputs.x.shape, y);
};
