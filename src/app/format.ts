/** Numbers as the page writes them. Minus is U+2212; a space stands before a unit; nothing depends on the locale. */

export const minus = '\u2212';
/** Stands where there is no number yet. */
export const dash = '–';

const signed = (text: string) => text.replace('-', minus);

/** 1200 → "1,200". */
export const count = (value: number): string =>
  Number.isFinite(value) ? signed(Math.round(value).toLocaleString('en-US')) : dash;

/** Three significant figures with an exponent only where it is very small or large: 1234 → "1230", 12.345 → "12.3", 0.04567 → "0.0457". */
export function figures(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? `${minus}∞` : '∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e7) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
    return signed(`${mantissa}e${Number(exponent)}`);
  }
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Number(size.toPrecision(digits)))));
  return signed(Number(value.toPrecision(digits)).toFixed(decimals));
}

/** A fraction as "97.3 %". */
export const percent = (fraction: number, decimals = 1): string => `${percentNumber(fraction, decimals)} %`;

/** A fraction as "97.3", for places that set the sign apart. */
export const percentNumber = (fraction: number, decimals = 1): string =>
  Number.isFinite(fraction) ? signed((100 * fraction).toFixed(decimals)) : 'NaN';

/** Difference of two fractions in percentage points: "−1.9 pt", "+0.4 pt", "±0.0 pt". */
export const points = (difference: number): string =>
  Number.isFinite(difference) ? `${pointsNumber(difference)} pt` : dash;

/** The same without the unit, for places that name it once. */
export function pointsNumber(difference: number): string {
  if (!Number.isFinite(difference)) return dash;
  const text = (100 * Math.abs(difference)).toFixed(1);
  return `${Number(text) === 0 ? '±' : difference < 0 ? minus : '+'}${text}`;
}

export const bytesHelp = '1 KB is 1,024 bytes; three significant figures.';

/** Bytes as "952 B", "12.4 KB", "1.05 MB": 1 KB = 1024 B, three significant figures (whole bytes below 1 KB). */
export function bytes(value: number): string {
  if (!Number.isFinite(value)) return dash;
  if (Math.abs(value) < 1024) return `${signed(String(Math.round(value)))} B`;
  const units = ['KB', 'MB', 'GB'];
  let size = value;
  let unit = -1;
  // 1023.7 KB would round to "1020 KB"-like figures: from 999.5 on, the next unit is used.
  do {
    size /= 1024;
    unit++;
  } while (Math.abs(size) >= 999.5 && unit < units.length - 1);
  return `${figures(size)} ${units[unit]}`;
}

/** Milliseconds: "0.46 ms", "12.3 ms". */
export const milliseconds = (value: number): string => `${msNumber(value)} ms`;
export const msNumber = (value: number): string =>
  !Number.isFinite(value) ? dash : value < 9.995 ? value.toFixed(2) : figures(value);

/** Times that may be very short: "4.2 µs", "0.46 ms". */
export const shortTime = (ms: number): string =>
  ms < 0.0995 ? `${figures(1000 * ms, 2)} µs` : milliseconds(ms);

/** Decibels: "13.5 dB"; nothing rounded is "∞ dB". */
export const decibels = (value: number): string =>
  `${Number.isFinite(value) ? signed(value.toFixed(1)) : figures(value)} dB`;

/** Steps a second and the like: "1,180", "34", "8.2". */
export const rate = (value: number): string =>
  !Number.isFinite(value) ? dash : value >= 10 ? count(Number(value.toPrecision(3))) : value.toFixed(1);

/** A number as a person would type it: 0.004, 1e-5. */
export const plain = (value: number): string => String(value);

/** Large counts in short: 1632 → "1,632", 48900 → "48.9 k", 2100000 → "2.10 M". */
export function short(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) < 10_000) return count(value);
  const units = ['k', 'M', 'G', 'T'];
  let size = value;
  let unit = -1;
  do {
    size /= 1000;
    unit++;
  } while (Math.abs(size) >= 999.5 && unit < units.length - 1);
  return `${figures(size)} ${units[unit]}`;
}

/** 1 → "1 layer", 3 → "3 layers". */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;
