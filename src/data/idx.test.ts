import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataFileError } from './error';
import { parseIdx } from './idx';
import { idx } from './testing/files';

const values = (length: number) => Uint8Array.from({ length }, (_, i) => i % 256);

test('labels are a list of bytes', () => {
  const file = parseIdx(idx([5], [3, 1, 4, 1, 5]), 'labels');
  expect(file).toEqual({ kind: 'labels', name: 'labels', count: 5, values: Uint8Array.of(3, 1, 4, 1, 5) });
});

test('images have a height and a width, and one channel unless the file says more', () => {
  const grey = parseIdx(idx([2, 3, 4], values(24)), 'images');
  expect(grey).toMatchObject({ kind: 'images', count: 2, height: 3, width: 4, channels: 1 });
  expect(grey.values).toEqual(values(24));
  expect(parseIdx(idx([2, 3, 4, 3], values(72)), 'images')).toMatchObject({
    height: 3,
    width: 4,
    channels: 3,
  });
});

test('a file within a larger buffer is read at its own place', () => {
  const file = idx([2, 2, 2], values(8));
  const larger = new Uint8Array(file.length + 7);
  larger.set(file, 5);
  expect(parseIdx(larger.subarray(5, 5 + file.length), 'a').values).toEqual(values(8));
});

test('the images of EMNIST are turned upright, those of others left as they are', () => {
  const file = idx([2, 2, 3], [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]);
  const turned = parseIdx(file, 'emnist-letters-train-images-idx3-ubyte.gz');
  expect(turned).toMatchObject({ count: 2, height: 3, width: 2 });
  expect([...turned.values]).toEqual([1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16]);
  expect([...parseIdx(file, 'kemnist-images').values]).toEqual([...file.subarray(16)]);
  const colour = idx([1, 1, 2, 2], [1, 2, 3, 4]);
  expect([...parseIdx(colour, 'EMNIST').values]).toEqual([1, 2, 3, 4]);
});

describe('refused in a sentence that names the file', () => {
  const message = (bytes: Uint8Array) => {
    try {
      parseIdx(bytes, 'mine');
    } catch (error) {
      expect(error).toBeInstanceOf(DataFileError);
      return (error as Error).message;
    }
    return 'accepted';
  };

  test('a wrong magic number', () => {
    expect(message(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0))).toBe(
      '"mine" is not an IDX file: it starts with the bytes 89 50 4e 47 where 00 00 08 01 (labels) or 00 00 08 03 (images) belongs; check that it is the right file.',
    );
    expect(message(idx([1], [1], 0x07))).toMatch('is not an IDX file');
  });

  test('values of another type', () => {
    expect(message(idx([1], [1], 0x0d))).toBe(
      '"mine" holds 32-bit floats, and only unsigned bytes can be read: save it as unsigned bytes.',
    );
  });

  test('a number of dimensions that is neither labels nor images', () => {
    for (const dims of [[], [2, 2], [1, 1, 1, 1, 1]]) expect(message(idx(dims, [1]))).toMatch('dimension');
  });

  test('fewer or more values than the header says', () => {
    expect(message(idx([2, 3, 4], values(23)))).toBe(
      '"mine" ends early: its header says 2 × 3 × 4, which makes 40 bytes, and it has 39; download it again.',
    );
    expect(message(idx([2, 3, 4], values(25)))).toMatch('is longer than it says');
  });

  test('a header that is cut off, wherever it is', () => {
    const file = idx([2, 3, 4], values(24));
    for (let end = 0; end < 16; end++) expect(message(file.subarray(0, end))).toMatch('ends early');
  });

  test('no examples, or images without pixels', () => {
    expect(message(idx([0], []))).toMatch('is empty');
    expect(message(idx([5, 0, 3], []))).toMatch('is empty');
  });

  test('too many examples, too large images, too many channels', () => {
    expect(message(idx([1_000_001], []))).toBe(
      '"mine" holds 1,000,001 examples, and at most 1,000,000 can be used: use a part of them.',
    );
    expect(message(idx([1, 257, 3], []))).toMatch('at most 256×256×4');
    expect(message(idx([1, 3, 3, 5], []))).toMatch('at most 256×256×4');
    expect(message(idx([0xffffffff, 0xffffffff, 0xffffffff], []))).toMatch('at most 1,000,000');
  });
});

test('random bytes only ever throw a DataFileError', () => {
  const dimension = fc.constantFrom(0, 1, 2, 3, 255, 2 ** 31, 2 ** 32 - 1);
  const almost = fc
    .tuple(
      fc.array(dimension, { maxLength: 5 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(8, 9, 13, 200),
    )
    .map(([dims, data, type]) => idx(dims, data, type));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), almost), fc.string(), (bytes, name) => {
      try {
        const file = parseIdx(bytes, name);
        expect(file.values.length % file.count).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(DataFileError);
      }
    }),
    { numRuns: 1000 },
  );
});
