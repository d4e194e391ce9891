import { gzipSync as nodeGzip } from 'node:zlib';
import fc from 'fast-check';
import { gzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { DataFileError } from './error';
import { crc32, gunzip, isGzip } from './gzip';

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => ((i * i) % 251) & (i >> 6));
const content = bytes(5000);
const packed = nodeGzip(content);
const text = (value: string) => new TextEncoder().encode(value);

test('the checksum of "123456789" is that of the standard', () => {
  expect(crc32(text('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

test('what zlib packed comes back', () => {
  for (const length of [0, 1, 5000, 1_000_000]) {
    const original = bytes(length);
    const archive = nodeGzip(original);
    expect(isGzip(archive)).toBe(true);
    expect(Buffer.compare(gunzip(archive, 'a.gz'), original)).toBe(0);
  }
});

test('data that hardly pack take several chunks and come back', () => {
  const original = new Uint8Array(700_000);
  for (let i = 0, state = 1; i < original.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    original[i] = state >>> 24;
  }
  const archive = nodeGzip(original);
  expect(archive.length).toBeGreaterThan(600_000);
  expect(Buffer.compare(gunzip(archive, 'a.gz'), original)).toBe(0);
});

test('a file name, a comment, extra fields and a checksum in the header are passed over', () => {
  const named = gzipSync(content, { filename: 'train-images', mtime: 0 });
  expect(gunzip(named, 'a.gz')).toEqual(content);
  const all = Uint8Array.from([
    ...[0x1f, 0x8b, 8, 2 + 4 + 8 + 16, 0, 0, 0, 0, 0, 3],
    ...[3, 0, 1, 2, 3],
    ...text('name\0comment\0'),
    ...[0, 0],
    ...packed.subarray(10),
  ]);
  expect(gunzip(all, 'a.gz')).toEqual(content);
});

describe('refused, with the name of the file', () => {
  test('a file that ends early, wherever it ends', () => {
    for (let end = 2; end < packed.length; end++)
      expect(() => gunzip(packed.subarray(0, end), 'a.gz')).toThrow(/^"a\.gz" ends early/);
  });

  test('a file with a damaged byte, unless the byte means nothing', () => {
    for (let i = 10; i < packed.length; i++) {
      const damaged = Uint8Array.from(packed);
      damaged[i]! ^= 0x10;
      let unpacked: Uint8Array | undefined;
      try {
        unpacked = gunzip(damaged, 'a.gz');
      } catch (error) {
        expect(error).toBeInstanceOf(DataFileError);
      }
      if (unpacked) expect(unpacked).toEqual(content);
    }
  });

  test('a checksum or a length that does not fit', () => {
    for (const fromEnd of [8, 4]) {
      const damaged = Uint8Array.from(packed);
      damaged[damaged.length - fromEnd]! ^= 1;
      expect(() => gunzip(damaged, 'a.gz')).toThrow(/^"a\.gz" ends early or is damaged/);
    }
  });

  test('another method than deflate', () => {
    const other = Uint8Array.from(packed);
    other[2] = 7;
    expect(() => gunzip(other, 'a.gz')).toThrow('"a.gz" is damaged');
  });

  test('rubbish behind the compressed data', () => {
    const long = new Uint8Array(packed.length + 1_000_000);
    long.set(packed);
    expect(() => gunzip(long, 'a.gz')).toThrow('"a.gz" is damaged');
  });

  test('a small file that unpacks to more than the limit, before it has filled the memory', () => {
    const bomb = nodeGzip(new Uint8Array(64 * 2 ** 20));
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => gunzip(bomb, 'bomb.gz', 2 ** 20)).toThrow(/^"bomb\.gz" unpacks to more than 512 MB/);
  });
});

test('random bytes only ever throw a DataFileError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (tail, deflate) => {
      const file = Uint8Array.from([0x1f, 0x8b, ...(deflate ? [8, 0, 0, 0, 0, 0, 0, 3] : []), ...tail]);
      try {
        gunzip(file, 'a.gz');
      } catch (error) {
        expect(error).toBeInstanceOf(DataFileError);
      }
    }),
    { numRuns: 500 },
  );
});
