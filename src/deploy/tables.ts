/**
 * Functions as tables over the codes of their argument. The numbers are those of the training's own functions (one polynomial
 * in float32), rounded as a site rounds; src/model/tables.ts has the same on the device.
 */
import { activationNamed } from '@/kernels/epilogue/activations';
import {
  codeHalf,
  curveBits,
  type FixedPoint,
  gateBits,
  reaches,
  type TableFunction,
} from '@/quant/fixedPoint';
import { nearestEven, quantizeTo } from './arithmetic';
import type { Grid, StepTable } from './program';

const { fround } = Math;

/** float32: a function at the argument of a code. */
const valueAt = (name: TableFunction, code: number, step: number): number =>
  fround(activationNamed(name).apply(fround(code * step)));

/** The step between the arguments of a function whose output comes to a grid. */
export function codeStep(name: TableFunction, { scale, zeroPoint, qmax }: Grid): number {
  if (name !== 'gelu') return reaches[name] / codeHalf;
  return Math.max(fround((qmax - zeroPoint) * fround(scale)), reaches.gelu) / codeHalf;
}

/** Fixed-point numbers as a grid. */
export const fixedGrid = ({ bits, limit }: FixedPoint): Grid => ({
  scale: 2 ** -bits,
  zeroPoint: 0,
  qmin: -limit,
  qmax: limit,
});

/** Codes of a table's argument as a grid. */
export const codeGrid = (step: number): Grid => ({
  scale: step,
  zeroPoint: 0,
  qmin: -codeHalf,
  qmax: codeHalf - 1,
});

/** q of a function's value, found at every code. */
export function tableOf(name: TableFunction, step: number, grid: Grid): StepTable {
  const [starts, values]: [number[], number[]] = [[], []];
  for (let code = -codeHalf; code < codeHalf; code++) {
    const q = quantizeTo(grid, valueAt(name, code, step));
    if (q === values.at(-1)) continue;
    starts.push(code);
    values.push(q);
  }
  return { function: name, starts: Int16Array.from(starts), values: Uint8Array.from(values) };
}

/** Points of a function at every 2^curveBits codes, in steps of 2^-bits. */
export const curveOf = (name: TableFunction, step: number, bits: number): Int16Array =>
  inSteps(
    Array.from({ length: (2 * codeHalf) / 2 ** curveBits + 1 }, (_, i) =>
      valueAt(name, i * 2 ** curveBits - codeHalf, step),
    ),
    bits,
  );

/** What numbers are in steps of 2^-bits. */
export const inSteps = (numbers: ArrayLike<number>, bits: number): Int16Array =>
  Int16Array.from(numbers, (number) => nearestEven(number * 2 ** bits));

/** What each q of the gates' grid is worth in steps of 2^-gateBits. */
export const worthOf = ({ scale, zeroPoint, qmax }: Grid): Int16Array =>
  inSteps(
    Array.from({ length: qmax + 1 }, (_, q) => fround((q - zeroPoint) * scale)),
    gateBits,
  );
