import { expect, test } from 'vitest';
import { Canvas, imageSide } from './raster';

const image = (canvas: Canvas, softness: number) =>
  Array.from({ length: imageSide * imageSide }, (_, i) => canvas.ink(i, softness));
const cleared = () => {
  const canvas = new Canvas();
  canvas.clear();
  return canvas;
};

test('an empty canvas has no ink', () => {
  expect(Math.max(...image(cleared(), 1))).toBe(0);
});

test('the ink of a piece of track is its area: a rectangle and two half discs', () => {
  const canvas = cleared();
  canvas.segment(6.3, 9.1, 2, 20.2, 17.4, 2);
  const area = 2 * 2 * Math.hypot(13.9, 8.3) + Math.PI * 4;
  expect(image(canvas, 1).reduce((sum, ink) => sum + ink, 0)).toBeCloseTo(area, 0);
});

test('a pixel is full within the edge, half on it and empty beyond it', () => {
  const canvas = cleared();
  // A level track through the centres of row 10, whose edge runs through the centres of rows 8 and 12.
  canvas.segment(4, 10.5, 2, 24, 10.5, 2);
  const column = (row: number) => canvas.ink(row * imageSide + 14, 1);
  expect([7, 8, 9, 10, 11, 12, 13].map(column)).toEqual([0, 0.5, 1, 1, 1, 0.5, 0]);
});

test('a softer edge fades over more pixels', () => {
  const canvas = cleared();
  canvas.segment(4, 10.5, 2, 24, 10.5, 2);
  const column = (row: number) => canvas.ink(row * imageSide + 14, 4);
  // Smoothstep of 1/4 and 3/4.
  expect([7, 8, 9].map(column)).toEqual([0.15625, 0.5, 0.84375]);
});

test('a track that gets wider is wider there', () => {
  const canvas = cleared();
  canvas.segment(4, 14, 1, 24, 14, 4);
  const width = (column: number) =>
    Array.from({ length: imageSide }, (_, row) => canvas.ink(row * imageSide + column, 1)).reduce(
      (a, b) => a + b,
    );
  expect(width(22)).toBeGreaterThan(width(6) + 3);
});

test('what lies outside the image is left out', () => {
  const canvas = cleared();
  canvas.segment(-30, -30, 2, -10, -10, 2);
  canvas.segment(40, 14, 2, 60, 14, 2);
  expect(Math.max(...image(canvas, 1))).toBe(0);
});
