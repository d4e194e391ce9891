/** Packing: n-bit codes one after the other, the first in the lowest bits of the first byte; the last byte is padded by 0. */
import type { Encoding } from './program';

/** @param codes 0 to 2^bits - 1 @param bits 1 to 8 @returns ceil(count * bits / 8) bytes */
export function packCodes(codes: ArrayLike<number>, bits: number): Uint8Array {
  const packed = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  for (let i = 0; i < codes.length; i++) {
    const at = i * bits;
    const placed = codes[i]! << (at & 7);
    packed[at >> 3]! |= placed;
    if (placed > 255) packed[(at >> 3) + 1]! |= placed >> 8;
  }
  return packed;
}

/** The inverse of `packCodes`. */
export function unpackCodes(packed: Uint8Array, bits: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => {
    const at = i * bits;
    const pair = packed[at >> 3]! | ((packed[(at >> 3) + 1] ?? 0) << 8);
    return (pair >> (at & 7)) & (2 ** bits - 1);
  });
}

/** How integers become codes and codes integers. */
export const encodings = {
  twos: {
    encode: (value: number, bits: number) => value & (2 ** bits - 1),
    decode: (code: number, bits: number) => (code >= 2 ** (bits - 1) ? code - 2 ** bits : code),
  },
  odd: {
    encode: (value: number, bits: number) => (value + 2 ** bits - 1) / 2,
    decode: (code: number, bits: number) => 2 * code - (2 ** bits - 1),
  },
} as const satisfies Record<
  Encoding,
  Record<'encode' | 'decode', (valueOrCode: number, bits: number) => number>
>;

/** @throws if a value is not one that the encoding has in so many bits */
export function packIntegers(values: ArrayLike<number>, bits: number, encoding: Encoding): Uint8Array {
  const { encode, decode } = encodings[encoding];
  const codes = Array.from(values, (value) => {
    const code = encode(value, bits);
    if (!Number.isInteger(code) || code < 0 || code >= 2 ** bits || decode(code, bits) !== value)
      throw new Error(`${value} is no ${bits}-bit integer of this grid.`);
    return code;
  });
  return packCodes(codes, bits);
}

export function unpackIntegers(
  packed: Uint8Array,
  bits: number,
  encoding: Encoding,
  count: number,
): Int16Array {
  const { decode } = encodings[encoding];
  return Int16Array.from(unpackCodes(packed, bits, count), (code) => decode(code, bits));
}
