/** From the files as given to the files that hold data: gzip, zip and tar unpacked, what systems leave behind left out. */
import { DataFileError, number, quote } from '../error';
import { gunzip, isGzip, maxFileBytes, tooLarge } from '../gzip';
import { isTar, untar } from '../tar';
import { isZip, maxEntries, tooMany, unzip } from '../zip';
import type { Content, DataFile } from './loader';

const junkFolder = /(^|\/)(__MACOSX|\.[^/.][^/]*)\//;
const junkFile = /(^|\/)(\.[^/]*|Thumbs\.db|desktop\.ini|(README|LICEN[CS]E|CITATION|COPYING)(\.[a-z]+)?)$/i;
/** What no person means as data: hidden files, what macOS and Windows leave in folders, a read-me. */
const isJunk = (path: string) => junkFolder.test(path) || junkFile.test(path);

/** Whether so much may be read at all, before it is. Throws DataFileError. */
export function checkAmount(files: readonly { name: string; size: number }[]): void {
  const [first] = files;
  if (!first)
    throw new DataFileError(
      'No file was chosen: choose IDX images with their labels, a CSV, CIFAR-10 batches, or a folder or zip of images.',
    );
  if (files.length > maxEntries) throw tooMany(first.name.split('/')[0]!);
  if (files.reduce((sum, { size }) => sum + size, 0) > maxFileBytes)
    throw tooLarge(first.name, files.length > 1 ? 'and the files with it have' : 'has');
}

/** The files that hold data, unpacked to at most 512 MB together. Throws DataFileError. */
export function unpack(files: readonly DataFile[]): Content[] {
  checkAmount(files.map(({ name, bytes }) => ({ name, size: bytes.length })));
  let left = maxFileBytes;
  const contents = files.flatMap((file) => {
    // A file that was chosen alone is meant, whatever its name.
    if (files.length > 1 && isJunk(file.name)) return [];
    const found = contentsOf(file, left);
    for (const { bytes } of found) left -= bytes.length;
    return found;
  });
  if (contents.length === 0)
    throw new DataFileError(
      `${quote(files[0]!.name)} ${files.length > 1 ? `and the ${number(files.length - 1)} more files with it hold` : 'holds'} no data: choose another.`,
    );
  for (const { path, bytes } of contents)
    if (bytes.length === 0)
      throw new DataFileError(`${quote(path)} is empty: check that it was copied or downloaded completely.`);
  return contents;
}

function contentsOf({ name, bytes }: DataFile, limit: number): Content[] {
  const inArchive = (entries: { path: string; bytes: Uint8Array }[]): Content[] =>
    entries
      .filter(({ path }) => !isJunk(path))
      .map((entry) => ({ path: entry.path, raw: entry.bytes, bytes: entry.bytes, archive: name }));
  if (isZip(bytes)) return inArchive(unzip(bytes, name, { limit, wanted: (path) => !isJunk(path) }));
  const unpacked = isGzip(bytes) ? gunzip(bytes, name, limit) : bytes;
  if (isTar(unpacked)) return inArchive(untar(unpacked, name));
  return [{ path: name, raw: bytes, bytes: unpacked }];
}
