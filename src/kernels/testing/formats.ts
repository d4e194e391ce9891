/** Small float formats decoded code by code in float64, and the nearest value by search, to test kernels against. */
import type { FloatFormatName } from '@/catalog/formats';

/**
 * The tables of OCP OFP8 1.0 and OCP MX 1.0: widths of the fields, the exponent that a stored 1 stands for, and the
 * first code, sign aside, that is no number.
 */
const tables = {
  e4m3: { exponent: 4, mantissa: 3, one: -6, special: 0b1111_111 },
  e5m2: { exponent: 5, mantissa: 2, one: -14, special: 0b11111_00 },
  e2m1: { exponent: 2, mantissa: 1, one: 0, special: 0b11_1 + 1 },
} satisfies Record<FloatFormatName, object>;

/** The value of a code; undefined for infinities and NaN. */
export function decode(format: FloatFormatName, code: number): number | undefined {
  const { exponent, mantissa, one, special } = tables[format];
  const text = code.toString(2).padStart(1 + exponent + mantissa, '0');
  if (Number.parseInt(text.slice(1), 2) >= special) return undefined;
  const stored = Number.parseInt(text.slice(1, 1 + exponent), 2);
  const fraction = Number.parseInt(text.slice(1 + exponent), 2) / 2 ** mantissa;
  const magnitude = stored === 0 ? fraction * 2 ** one : (1 + fraction) * 2 ** (stored - 1 + one);
  return text.startsWith('1') ? -magnitude : magnitude;
}

/** Every code of a format that is a number, with its value. */
export function codes(format: FloatFormatName): { code: number; value: number }[] {
  const { exponent, mantissa } = tables[format];
  return Array.from({ length: 2 ** (1 + exponent + mantissa) }, (_, code) => code).flatMap((code) => {
    const value = decode(format, code);
    return value === undefined ? [] : [{ code, value }];
  });
}

/** The non-negative values in order; the index of each is its code. */
export const positives = (format: FloatFormatName): number[] =>
  codes(format).flatMap(({ value }) => (Object.is(Math.abs(value), value) ? [value] : []));

/** The value of the format nearest to `x`, that of the even code where two are equally near; the sign of zero is that of x. */
export function nearest(format: FloatFormatName, x: number, table = positives(format)): number {
  if (Number.isNaN(x)) return x;
  const magnitude = Math.abs(x);
  const above = table.findIndex((value) => value >= magnitude);
  const code =
    above === -1
      ? table.length - 1
      : above === 0
        ? 0
        : [above - 1, above].reduce((low, high) => {
            const [down, up] = [magnitude - table[low]!, table[high]! - magnitude];
            return down < up || (down === up && low % 2 === 0) ? low : high;
          });
  return Object.is(x, magnitude) ? table[code]! : -table[code]!;
}
