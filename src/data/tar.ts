/** Reads tar archives (POSIX.1-1988 ustar, with GNU's and pax's long names passed over), the form of CIFAR-10's download. */
import { DataFileError, quote } from './error';
import { type Entry, maxEntries, tooMany } from './zip';

const block = 512;
const magicAt = 257;
const decoder = new TextDecoder();

export const isTar = (bytes: Uint8Array) =>
  bytes.length >= block && decoder.decode(bytes.subarray(magicAt, magicAt + 5)) === 'ustar';

/** A text field up to its first zero. */
function text(header: Uint8Array, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

/** The regular files in a tar archive, as views of it. Throws DataFileError where it ends early or is damaged. */
export function untar(bytes: Uint8Array, name: string): Entry[] {
  const files: Entry[] = [];
  const damaged = () => new DataFileError(`${quote(name)} is damaged (as a tar archive): download it again.`);
  let offset = 0;
  while (offset + block <= bytes.length) {
    const header = bytes.subarray(offset, offset + block);
    // Two blocks of zeros end the archive; what follows is padding.
    if (header.every((byte) => byte === 0)) break;
    if (!isTar(header)) throw damaged();
    const octal = text(header, 124, 12).trim();
    const size = /^[0-7]+$/.test(octal) ? Number.parseInt(octal, 8) : Number.NaN;
    if (Number.isNaN(size)) throw damaged();
    offset += block;
    if (offset + size > bytes.length)
      throw new DataFileError(`${quote(name)} ends early (as a tar archive): download it again.`);
    const type = header[156];
    if (type === 0 || type === 0x30) {
      if (files.length === maxEntries) throw tooMany(name);
      const prefix = text(header, 345, 155);
      const path = text(header, 0, 100);
      files.push({ path: prefix ? `${prefix}/${path}` : path, bytes: bytes.subarray(offset, offset + size) });
    }
    offset += block * Math.ceil(size / block);
  }
  return files;
}
