import { describe, expect, it } from 'vitest';
import {
  bytes,
  count,
  decibels,
  figures,
  milliseconds,
  percent,
  plural,
  points,
  pointsNumber,
  rate,
  short,
  shortTime,
} from './format';

describe('numbers on the page', () => {
  it('writes bytes with 1 KB = 1024 B and three significant figures', () => {
    expect(bytes(0)).toBe('0 B');
    expect(bytes(952)).toBe('952 B');
    expect(bytes(1023)).toBe('1023 B');
    expect(bytes(1024)).toBe('1.00 KB');
    expect(bytes(6856)).toBe('6.70 KB');
    expect(bytes(12_698)).toBe('12.4 KB');
    expect(bytes(204_800)).toBe('200 KB');
    expect(bytes(1023.7 * 1024)).toBe('1.00 MB');
    expect(bytes(20_000_000)).toBe('19.1 MB');
  });
  it('writes fractions as percent and differences as points with a true minus', () => {
    expect(percent(0.9734)).toBe('97.3 %');
    expect(percent(1)).toBe('100.0 %');
    expect(points(-0.019)).toBe('\u22121.9 pt');
    expect(points(0.004)).toBe('+0.4 pt');
    expect(points(-0.0001)).toBe('±0.0 pt');
    expect(pointsNumber(-0.019)).toBe('\u22121.9');
    expect([points, pointsNumber].map((write) => write(Number.NaN))).toEqual(['–', '–']);
  });
  it('groups steps by thousands', () => {
    expect(count(1200)).toBe('1,200');
    expect(count(-5)).toBe('\u22125');
  });
  it('keeps three significant figures over many magnitudes', () => {
    expect(figures(0.45512)).toBe('0.455');
    expect(figures(9.999)).toBe('10.0');
    expect(figures(999.6)).toBe('1000');
    expect(figures(-1.8249)).toBe('\u22121.82');
    expect(figures(0.00001234)).toBe('1.23e-5'.replace('-', '\u2212'));
    expect(figures(Number.NaN)).toBe('NaN');
  });
  it('writes times, decibels, rates and counts with their units', () => {
    expect(milliseconds(0.4567)).toBe('0.46 ms');
    expect(milliseconds(12.345)).toBe('12.3 ms');
    expect(shortTime(0.4567)).toBe('0.46 ms');
    expect(shortTime(0.00417)).toBe('4.2 µs');
    expect(shortTime(0.0996)).toBe('0.10 ms');
    expect(decibels(13.49)).toBe('13.5 dB');
    expect(decibels(Number.POSITIVE_INFINITY)).toBe('∞ dB');
    expect(rate(1183)).toBe('1,180');
    expect(rate(8.24)).toBe('8.2');
    expect(short(1632)).toBe('1,632');
    expect(short(48_900)).toBe('48.9 k');
    expect(short(21_500_000)).toBe('21.5 M');
    expect(plural(1, 'layer')).toBe('1 layer');
    expect(plural(1200, 'point')).toBe('1,200 points');
  });
});
