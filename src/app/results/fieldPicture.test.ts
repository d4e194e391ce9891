/** The colours of a field and the places in it. */
import { describe, expect, it } from 'vitest';
import {
  cellUnder,
  colourField,
  fieldRamp,
  fromPicture,
  type Rgb,
  sampleIndices,
  toPicture,
} from './fieldPicture';

const orange: Rgb = [245, 147, 34];
const blue: Rgb = [8, 119, 189];
const paper: Rgb = [255, 255, 255];
const ramp = fieldRamp(orange, paper, blue);
const at = (level: number) => [...ramp.subarray(4 * level, 4 * level + 4)];
const distance = (a: readonly number[], b: readonly number[]) =>
  Math.hypot(...[0, 1, 2].map((i) => a[i]! - b[i]!));

describe('fieldRamp', () => {
  it('is nearly the panel where undecided, and nearest the class where certain', () => {
    expect(distance(at(127), paper)).toBeLessThan(0.05 * distance(paper, blue));
    expect(distance(at(128), paper)).toBeLessThan(0.05 * distance(paper, blue));
    expect(distance(at(0), orange)).toBeLessThan(distance(at(60), orange));
    expect(distance(at(255), blue)).toBeLessThan(distance(at(190), blue));
    expect(at(255)[3]).toBe(255);
  });
  it('moves away from the panel with certainty, to both sides', () => {
    for (let level = 128; level < 255; level++) {
      expect(distance(at(level + 1), paper)).toBeGreaterThanOrEqual(distance(at(level), paper));
      expect(distance(at(254 - level), paper)).toBeGreaterThanOrEqual(distance(at(255 - level), paper));
    }
  });
  it('colours each pixel by its own level', () => {
    expect([...colourField(Uint8Array.of(0, 255), ramp)]).toEqual([...at(0), ...at(255)]);
  });
});

describe('places', () => {
  it('put y upwards, and come back', () => {
    expect(toPicture(-1.5, 1.5, 1.5, 300)).toEqual([0, 0]);
    expect(toPicture(1.5, -1.5, 1.5, 300)).toEqual([300, 300]);
    const [px, py] = toPicture(0.3, -0.7, 1.5, 300);
    const [x, y] = fromPicture(px, py, 1.5, 300);
    expect(x).toBeCloseTo(0.3);
    expect(y).toBeCloseTo(-0.7);
  });
  it('find the cell, also on the last pixel', () => {
    expect(cellUnder(0, 0, 300, 10)).toBe(0);
    expect(cellUnder(299, 31, 300, 10)).toBe(19);
    expect(cellUnder(300, 300, 300, 10)).toBe(99);
  });
});

describe('sampleIndices', () => {
  it('takes all of few', () => expect(sampleIndices(3, 10)).toEqual([0, 1, 2]));
  it('takes different ones in order, of both classes where they alternate', () => {
    const indices = sampleIndices(800, 400);
    expect(new Set(indices).size).toBe(400);
    expect(indices).toEqual([...indices].sort((a, b) => a - b));
    expect(indices.at(-1)).toBeLessThan(800);
    const odd = indices.filter((i) => i % 2 === 1).length;
    expect(odd).toBeGreaterThan(120);
    expect(odd).toBeLessThan(280);
  });
});
