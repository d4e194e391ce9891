/** The grid of test images: which, where, and in what colours. */
import { describe, expect, it } from 'vitest';
import { imagePixels, sampleLayout, sampleOrder, sampleUnder } from './sampleGrid';

const digits = Array.from({ length: 10 }, (_, digit) => String(digit));

describe('sampleLayout', () => {
  it('fits what a column of the desktop and of a phone can hold', () => {
    expect(sampleLayout(165, digits)).toMatchObject({ columns: 4, rows: 5 });
    expect(sampleLayout(110, digits)).toMatchObject({ columns: 3, rows: 4 });
    expect(sampleLayout(20, digits)).toMatchObject({ columns: 2, rows: 2 });
  });
  it('leaves room for two characters where class names have them', () => {
    const { columns, width, label } = sampleLayout(165, ['9', '10']);
    expect(columns).toBe(3);
    expect(label).toBeGreaterThan(sampleLayout(165, digits).label);
    expect(columns * width).toBeLessThanOrEqual(165);
  });
  it('finds the cell under a place', () => {
    const layout = sampleLayout(165, digits);
    expect(sampleUnder(0, 0, layout)).toBe(0);
    expect(sampleUnder(164, 164, layout)).toBe(19);
    expect(sampleUnder(165, 10, layout)).toBe(-1);
  });
});

describe('sampleOrder', () => {
  const truth = Uint8Array.of(1, 2, 3, 4);
  it('is the plain order without predictions', () =>
    expect(sampleOrder(truth, undefined, 3)).toEqual([0, 1, 2]));
  it('puts mistakes first, and does not count what was not judged', () => {
    expect(sampleOrder(truth, Uint8Array.of(1, 9, 9), 4)).toEqual([1, 2, 0, 3]);
  });
});

describe('imagePixels', () => {
  const paper = [255, 255, 255];
  const ink = [20, 30, 40];
  it('runs from paper to ink for grey bytes', () => {
    expect([...imagePixels(Uint8Array.of(9, 0, 255), 1, [1, 2, 1], paper, ink, 1 / 255)]).toEqual([
      255, 255, 255, 255, 20, 30, 40, 255,
    ]);
  });
  it('keeps the colours of coloured images', () => {
    const pixels = imagePixels(Float32Array.of(1, 0, 0.2), 0, [1, 1, 3], paper, ink, 1);
    expect([...pixels]).toEqual([255, 0, 51, 255]);
  });
});
