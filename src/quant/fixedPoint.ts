/**
 * The fixed-point grids inside layers whose functions are tables when deployed: one definition for evaluation (src/model) and
 * for the integer program (src/deploy). docs/deploy.md explains them.
 */
import type { ActivationFunction } from '@/catalog/activations';

/** Functions that become tables over the codes of their argument. */
export type TableFunction = Exclude<ActivationFunction, 'linear' | 'relu'>;
export const isTableFunction = (name: ActivationFunction): name is TableFunction =>
  name !== 'linear' && name !== 'relu';

/** Codes of a function's argument: -codeHalf to codeHalf - 1, by codeHalf / reach of a unit each. */
export const codeHalf = 2 ** 15;
/**
 * The arguments that codes reach, from -reach to reach; what is beyond is clamped. At 4, tanh is 1 but for 7e-4, and GELU 0
 * below -4 but for 8e-5; the codes of GELU reach at least as far as the output's grid.
 */
export const reaches = { sigmoid: 8, tanh: 4, gelu: 4 } as const satisfies Record<TableFunction, number>;
/** The step between the arguments of the gates' functions. */
export const argumentStep = { sigmoid: reaches.sigmoid / codeHalf, tanh: reaches.tanh / codeHalf } as const;
/** A curve has a point every 2^curveBits codes, and straight lines between them. */
export const curveBits = 8;

/** A number in steps of 2^-bits, clamped to the limit in such steps. */
export interface FixedPoint {
  bits: number;
  limit: number;
}
/** The input's and the state's part of a recurrent layer's gates: steps of 2^-12 up to 32. */
export const partGrid: FixedPoint = { bits: 12, limit: 2 ** 17 - 1 };
/** The cell of an LSTM: the same. */
export const cellGrid: FixedPoint = partGrid;
/** Gates where they are multiplied, and tanh of the cell. */
export const gateBits = 12;
/** The reset gate, which is not rounded at a site before it is multiplied. */
export const resetBits = 13;

/** A layer norm's gamma in steps of 2^-gammaBits; beta is rounded to steps of 2^-20. */
export const gammaBits = 10;
export const gammaLimit = 2 ** 15 - 1;

/** Attention scores that have no bits of their own. */
export const scoreGrid: FixedPoint = { bits: 8, limit: 2 ** 15 - 1 };
