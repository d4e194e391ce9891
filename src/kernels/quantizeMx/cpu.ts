/** quantizeMx and its gradient in JavaScript. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type BlockFormat, floatFormats, inputAxis, maxExponent } from '@/catalog/formats';
import { floats, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { bitsOf, floatOf, isSpecial, roundBits } from '../quantizeFloat/cpu';

const smallestExponent = -127;

/** Visits every block: the indices of its values. */
function forEachBlock({ shape }: TensorInfo, blockSize: number, visit: (indices: number[]) => void): void {
  const { outer, length } = inputAxis(shape);
  const channels = lastAxis(shape);
  for (let o = 0; o < outer; o++)
    for (let start = 0; start < length; start += blockSize)
      for (let c = 0; c < channels; c++) {
        const rows = Math.min(blockSize, length - start);
        visit(Array.from({ length: rows }, (_, row) => (o * length + start + row) * channels + c));
      }
}

/** The exponent of the scale of a block; undefined where a value is NaN or infinite. */
function sharedExponent(x: Float32Array, indices: readonly number[], emax: number): number | undefined {
  const greatest = indices.reduce((most, i) => Math.max(most, bitsOf(x[i]!) & 0x7fffffff), 0);
  if (isSpecial(greatest)) return undefined;
  return Math.max((greatest >>> 23) - 127 - emax, smallestExponent);
}

export const quantizeMxCpu = ({ element, blockSize }: BlockFormat): Implementation<'x' | 'settings'> => {
  const format = floatFormats[element];
  const emax = maxExponent(format);
  return ({ inputs, backend }) => {
    const x = floats(backend, inputs.x);
    const [, , mode = 0] = floats(backend, inputs.settings);
    const q = Float32Array.from(x);
    if (mode !== 0)
      forEachBlock(inputs.x, blockSize, (indices) => {
        const shift = sharedExponent(x, indices, emax);
        for (const i of indices)
          q[i] = shift === undefined ? Number.NaN : floatOf(roundBits(x[i]!, format, shift).bits);
      });
    return result(backend, inputs.x.shape, q);
  };
};

export const quantizeMxGradientCpu = ({
  element,
  blockSize,
}: BlockFormat): Implementation<'dq' | 'x' | 'settings'> => {
  const format = floatFormats[element];
  const emax = maxExponent(format);
  return ({ inputs, backend }) => {
    const x = floats(backend, inputs.x);
    const [, , mode = 0] = floats(backend, inputs.settings);
    const dx = Float32Array.from(floats(backend, inputs.dq));
    if (mode !== 0)
      forEachBlock(inputs.x, blockSize, (indices) => {
        const shift = sharedExponent(x, indices, emax);
        for (const i of indices)
          if (shift === undefined || roundBits(x[i]!, format, shift).saturated) dx[i] = 0;
      });
    return result(backend, inputs.x.shape, dx);
  };
};
