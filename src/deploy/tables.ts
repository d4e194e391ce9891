/**
 * Functions as tables over the codes of their argument. The numbers are those of the training's own functions (one polynomial
 * in float32), rounded as a site rounds; src/model/tables.ts has the same on the device.
 */
import { activationNamed } from '@/kernels/epilogue/activations';
import { type FixedPoint, gateBits, reaches, type TableFunction, tableHalf } from '@/quant/fixedPoint';
import { nearestEven, quantizeTo } from './arithmetic';
import type { Grid } from './program';

const { fround } = Math;

/** The codes of a table's argument, from the least. */
const codes = Array.from({ length: 2 * tableHalf }, (_, i) => i - tableHalf);

/** float32: a function of every code. */
export function functionTable(name: TableFunction, step: number): Float32Array {
  const { apply } = activationNamed(name);
  return Float32Array.from(codes, (code) => apply(fround(code * step)));
}

/** The step between the arguments of a table whose output comes to a grid. */
export function tableStep(name: TableFunction, { scale, zeroPoint, qmax }: Grid): number {
  if (name !== 'gelu') return reaches[name] / tableHalf;
  return Math.max(fround((qmax - zeroPoint) * fround(scale)), reaches.gelu) / tableHalf;
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
  qmin: -tableHalf,
  qmax: tableHalf - 1,
});

/** q of a function's value at every code. */
export const tableOf = (name: TableFunction, step: number, grid: Grid): Uint8Array =>
  Uint8Array.from(functionTable(name, step), (number) => quantizeTo(grid, number));

/** What numbers are in steps of 2^-bits. */
export const inSteps = (numbers: ArrayLike<number>, bits: number): Int16Array =>
  Int16Array.from(numbers, (number) => nearestEven(number * 2 ** bits));

/** What each q of the gates' grid is worth in steps of 2^-gateBits. */
export const worthOf = ({ scale, zeroPoint, qmax }: Grid): Int16Array =>
  inSteps(
    Array.from({ length: qmax + 1 }, (_, q) => fround((q - zeroPoint) * scale)),
    gateBits,
  );
