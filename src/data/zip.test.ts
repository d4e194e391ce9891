import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { DataFileError } from './error';
import { isZip, unzip } from './zip';

const bytes = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => (i * i * seed) % 251);
const archive = zipSync({
  'a/one.bin': bytes(5000),
  'a/two.bin': [bytes(300, 3), { level: 0 }],
  'b/': bytes(0),
});

test('files come back with their paths, folders do not', () => {
  expect(isZip(archive)).toBe(true);
  expect(unzip(archive, 'x.zip')).toEqual([
    { path: 'a/one.bin', bytes: bytes(5000) },
    { path: 'a/two.bin', bytes: bytes(300, 3) },
  ]);
});

test('what is not wanted is not unpacked, and does not count', () => {
  const wanted = (path: string) => path.endsWith('two.bin');
  expect(unzip(archive, 'x.zip', { wanted, limit: 300 }).map(({ path }) => path)).toEqual(['a/two.bin']);
});

describe('refused, naming the archive', () => {
  const refusal = (archived: Uint8Array, limit?: number) => {
    try {
      unzip(archived, 'x.zip', limit === undefined ? {} : { limit });
    } catch (error) {
      if (error instanceof DataFileError) return error.message;
      throw error;
    }
    return undefined;
  };

  test('an archive cut short anywhere', () => {
    for (let end = 4; end < archive.length; end += 7)
      expect(refusal(archive.subarray(0, end)), `cut at ${end}`).toMatch(/^"x.zip" (ends early|is damaged)/);
  });

  test('one that unpacks to more than the limit', () => {
    expect(refusal(archive, 5299)).toMatch('"x.zip" unpacks to more than');
    expect(refusal(archive, 5300)).toBeUndefined();
  });

  test('one that says too small a size, so that its content cannot be whole', () => {
    const lying = Uint8Array.from(archive);
    const at = lying.findLastIndex(
      (_, i) => lying[i] === 0x50 && lying[i + 1] === 0x4b && lying[i + 2] === 1,
    );
    // The uncompressed size of the last entry in the central directory, the folder's: a size that it does not have.
    new DataView(lying.buffer).setUint32(at + 24, 77, true);
    expect(refusal(lying)).toBeUndefined(); // a folder is never unpacked
    const first = lying.findIndex((_, i) => lying[i] === 0x50 && lying[i + 1] === 0x4b && lying[i + 2] === 1);
    new DataView(lying.buffer).setUint32(first + 24, 6000, true);
    expect(refusal(lying)).toMatch('"x.zip" is damaged ("a/one.bin" in it does not unpack to its size)');
  });
});

test('random bytes behind a zip mark only ever throw a DataFileError', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(archive.length - 1),
      fc.nat(255),
      (tail, at, value) => {
        const changed = Uint8Array.from(archive);
        changed[at] = value;
        for (const candidate of [Uint8Array.of(0x50, 0x4b, 3, 4, ...tail), changed])
          try {
            unzip(candidate, 'x.zip');
          } catch (error) {
            if (!(error instanceof DataFileError)) throw error;
          }
      },
    ),
    { numRuns: 500 },
  );
});
