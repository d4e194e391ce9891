/** Unpacks zip files with a cap on entries and output, so that a small file cannot fill the memory. */
import { unzipSync } from 'fflate';
import { DataFileError, number, quote } from './error';
import { maxFileBytes, tooLarge } from './gzip';

export interface Entry {
  path: string;
  bytes: Uint8Array;
}

/** Most files that an archive or a folder may hold. */
export const maxEntries = 100_000;
export const tooMany = (name: string) =>
  new DataFileError(
    `${quote(name)} holds more than ${number(maxEntries)} files, which is too much for a browser: use a smaller part of the data.`,
  );

/** The marks of a first entry, and of an archive without any. */
export const isZip = (bytes: Uint8Array) =>
  bytes[0] === 0x50 &&
  bytes[1] === 0x4b &&
  ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6));

/**
 * The files in a zip archive (PKWARE APPNOTE; stored or deflated), folders left out; those that `wanted` refuses are not
 * unpacked. Throws DataFileError where it is damaged or holds too much.
 */
export function unzip(
  bytes: Uint8Array,
  name: string,
  { limit = maxFileBytes, wanted }: { limit?: number; wanted?: (path: string) => boolean } = {},
): Entry[] {
  let entries = 0;
  let total = 0;
  const sizes = new Map<string, number>();
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      // The output buffer has the size that is declared here: what unpacks to more is cut off, never grown.
      filter: ({ name: path, originalSize }) => {
        if (++entries > maxEntries) throw tooMany(name);
        if (path.endsWith('/') || wanted?.(path) === false) return false;
        total += originalSize;
        if (total > limit) throw tooLarge(name, 'unpacks to');
        sizes.set(path, originalSize);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof DataFileError) throw error;
    throw new DataFileError(
      `${quote(name)} ends early or is damaged (it does not unpack as a zip): download or pack it again.`,
    );
  }
  const unpacked = Object.entries(files).map(([path, content]) => ({ path, bytes: content }));
  for (const { path, bytes: content } of unpacked)
    if (content.length !== sizes.get(path))
      throw new DataFileError(
        `${quote(name)} is damaged (${quote(path)} in it does not unpack to its size): pack it again.`,
      );
  return unpacked;
}
