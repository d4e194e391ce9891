/**
 * Small float formats and the block formats made of them: what their codes mean. Kernels round to them, the size
 * accounting counts them, the page draws them.
 *
 * Sources: OCP 8-bit Floating Point Specification (OFP8) revision 1.0, 2023, for E4M3 and E5M2; OCP Microscaling
 * Formats (MX) Specification version 1.0, 2023, for E2M1, the blocks and their scale E8M0.
 */

export interface FloatFormat {
  label: string;
  /** Width of a code: sign, exponent, mantissa. */
  bits: 4 | 8;
  exponentBits: number;
  mantissaBits: number;
  /** A stored exponent e > 0 means 2^(e - bias); e = 0 holds zero and the subnormals, multiples of 2^(1 - bias - mantissaBits). */
  bias: number;
  /** The largest finite value. What is beyond saturates to it. */
  max: number;
}

export const floatFormats = {
  e4m3: { label: 'FP8 E4M3', bits: 8, exponentBits: 4, mantissaBits: 3, bias: 7, max: 448 },
  e5m2: { label: 'FP8 E5M2', bits: 8, exponentBits: 5, mantissaBits: 2, bias: 15, max: 57344 },
  e2m1: { label: 'FP4 E2M1', bits: 4, exponentBits: 2, mantissaBits: 1, bias: 1, max: 6 },
} as const satisfies Record<string, FloatFormat>;
export type FloatFormatName = keyof typeof floatFormats;

export interface BlockFormat {
  label: string;
  /** The format of each value in a block. */
  element: FloatFormatName;
  /** Values that share a scale, along the input-channel axis; the last block of an axis may be shorter. */
  blockSize: number;
  /** Width of a block's scale, a power of two from 2^-127 to 2^127 (E8M0). */
  scaleBits: number;
}

export const blockFormats = {
  mxfp4: { label: 'MXFP4', element: 'e2m1', blockSize: 32, scaleBits: 8 },
  mxfp8: { label: 'MXFP8', element: 'e4m3', blockSize: 32, scaleBits: 8 },
} as const satisfies Record<string, BlockFormat>;
export type BlockFormatName = keyof typeof blockFormats;

/** The exponent of the smallest normal number: 2^minExponent. */
export const minExponent = ({ bias }: FloatFormat): number => 1 - bias;

/** The exponent of the largest value: it lies in [2^maxExponent, 2^(maxExponent + 1)). */
export const maxExponent = ({ max }: FloatFormat): number => Math.floor(Math.log2(max));

/** The non-negative finite values of a format, in order: code i means the i-th, with the sign bit its negative. */
export function magnitudes({ bits, mantissaBits, bias, max }: FloatFormat): number[] {
  const steps = 2 ** mantissaBits;
  return Array.from({ length: 2 ** (bits - 1) }, (_, code) => {
    const exponent = Math.floor(code / steps);
    const mantissa = (code % steps) / steps;
    return exponent === 0 ? mantissa * 2 ** (1 - bias) : (1 + mantissa) * 2 ** (exponent - bias);
  }).filter((value) => value <= max);
}

/** The input-channel axis of a weight tensor (HWIO, [in, out]): its length and, before it, how many such axes there are. */
export function inputAxis(shape: readonly number[]): { outer: number; length: number } {
  const length = shape.at(-2) ?? 1;
  return { outer: shape.slice(0, -2).reduce((product, size) => product * size, 1), length };
}

/** How many blocks or groups, and so scales, a weight tensor of this shape (output channel last) has. */
export function blockCount({ blockSize }: Pick<BlockFormat, 'blockSize'>, shape: readonly number[]): number {
  const { outer, length } = inputAxis(shape);
  return outer * Math.ceil(length / blockSize) * (shape.at(-1) ?? 1);
}
