/** Packing: every width keeps every code, in the bytes that are documented. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packCodes, packIntegers, unpackCodes, unpackIntegers } from './packing';

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('%i bits', (bits) => {
  const levels = 2 ** bits;

  test('every list of codes comes back, in the fewest whole bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: levels - 1 })), (codes) => {
        const packed = packCodes(codes, bits);
        expect(packed.length).toBe(Math.ceil((codes.length * bits) / 8));
        expect([...unpackCodes(packed, bits, codes.length)]).toEqual(codes);
      }),
    );
  });

  test('codes stand one after the other from the lowest bit, as digits of one big number', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: levels - 1 }), { minLength: 1 }), (codes) => {
        const number = codes.reduceRight((sum, code) => sum * BigInt(levels) + BigInt(code), 0n);
        const bytes = packCodes(codes, bits).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
        expect(bytes).toBe(number);
      }),
    );
  });

  test('signed and odd integers come back, and no others are taken', () => {
    const signed = Array.from({ length: levels }, (_, i) => i - levels / 2);
    const odd = Array.from({ length: levels }, (_, i) => 2 * i - levels + 1);
    for (const [encoding, values] of [
      ['twos', signed],
      ['odd', odd],
    ] as const) {
      const packed = packIntegers(values, bits, encoding);
      expect([...unpackIntegers(packed, bits, encoding, values.length)]).toEqual(values);
      expect(() => packIntegers([Math.max(...values) + 1], bits, encoding)).toThrow('is no');
      expect(() => packIntegers([Math.min(...values) - 2], bits, encoding)).toThrow('is no');
    }
    expect(() => packIntegers([0.5], bits, 'twos')).toThrow('is no');
  });
});
