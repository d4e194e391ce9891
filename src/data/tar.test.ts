import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataFileError } from './error';
import { isTar, untar } from './tar';
import { tar } from './testing/tar';

const one = Uint8Array.from({ length: 700 }, (_, i) => i % 251);
const two = Uint8Array.of(1, 2, 3);
const archive = tar({ 'folder/': new Uint8Array(0), 'folder/one.bin': one, 'two.bin': two });

test('regular files come back with their paths', () => {
  expect(isTar(archive)).toBe(true);
  expect(untar(archive, 'x.tar')).toEqual([
    { path: 'folder/one.bin', bytes: one },
    { path: 'two.bin', bytes: two },
  ]);
});

test('an archive that ends within a file is refused by name', () => {
  expect(() => untar(archive.subarray(0, 1500), 'x.tar')).toThrow('"x.tar" ends early');
});

test('changed bytes only ever throw a DataFileError', () => {
  fc.assert(
    fc.property(fc.nat(archive.length - 1), fc.nat(255), (at, value) => {
      const changed = Uint8Array.from(archive);
      changed[at] = value;
      try {
        untar(changed, 'x.tar');
      } catch (error) {
        if (!(error instanceof DataFileError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
