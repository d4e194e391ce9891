import fc from 'fast-check';
import { expect, test } from 'vitest';
import { png } from '../testing/png';
import { imageHeader } from './imageHeader';

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));

test('PNG, JPEG, GIF and WebP say their width and height', () => {
  expect(imageHeader(png(300, 7, () => [0, 0, 0]))).toEqual({ type: 'image/png', width: 300, height: 7 });
  // SOI, an APP0 segment, a table, then a progressive frame header of 258 x 515.
  expect(imageHeader(hex('ffd8ffe00004abcdffc40003aaffc2000b080203010201'))).toEqual({
    type: 'image/jpeg',
    width: 0x102,
    height: 0x203,
  });
  expect(imageHeader(Uint8Array.of(...ascii('GIF89a'), 0x2c, 1, 5, 0))).toEqual({
    type: 'image/gif',
    width: 300,
    height: 5,
  });
  const riff = [...ascii('RIFF'), 0, 0, 0, 0, ...ascii('WEBP')];
  // 0x2f, then width - 1 and height - 1 in 14 bits each: 300 and 5.
  const bits = 299 | (4 << 14);
  const lossless = [0x2f, bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, bits >>> 24];
  expect(imageHeader(Uint8Array.of(...riff, ...ascii('VP8L'), 0, 0, 0, 0, ...lossless))).toEqual({
    type: 'image/webp',
    width: 300,
    height: 5,
  });
  const extended = [0, 0, 0, 0, 0x2b, 1, 0, 4, 0, 0];
  expect(imageHeader(Uint8Array.of(...riff, ...ascii('VP8X'), 0, 0, 0, 0, ...extended))).toEqual({
    type: 'image/webp',
    width: 300,
    height: 5,
  });
  const lossy = [0, 0, 0, 0x9d, 1, 0x2a, 0x2c, 1, 5, 0];
  expect(imageHeader(Uint8Array.of(...riff, ...ascii('VP8 '), 0, 0, 0, 0, ...lossy))).toEqual({
    type: 'image/webp',
    width: 300,
    height: 5,
  });
});

test('one that ends before it says has no size; other bytes are no image', () => {
  expect(imageHeader(png(3, 3, () => [0, 0, 0]).subarray(0, 18))).toEqual({
    type: 'image/png',
    width: 0,
    height: 0,
  });
  expect(imageHeader(hex('ffd8ffe0ffff'))).toEqual({ type: 'image/jpeg', width: 0, height: 0 });
  expect(imageHeader(new TextEncoder().encode('hello'))).toBeUndefined();
});

test('no bytes make it throw or hang', () => {
  const marks = ['89504e470d0a1a0a', 'ffd8ff', '474946383961', '52494646000000005745425056503858'];
  fc.assert(
    fc.property(fc.constantFrom(...marks), fc.uint8Array({ maxLength: 60 }), (mark, tail) => {
      const header = imageHeader(Uint8Array.from([...hex(mark), ...tail]));
      expect(header?.width).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 1000 },
  );
});
