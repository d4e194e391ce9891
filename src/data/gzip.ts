/** Unpacks gzip files (RFC 1952) with a cap on the output, so that a small file cannot fill the memory. */
import { Inflate } from 'fflate';
import { DataFileError, quote } from './error';

/** Most bytes that a file may have, packed or unpacked. */
export const maxFileBytes = 512 * 2 ** 20;
export const tooLarge = (name: string, what: string) =>
  new DataFileError(
    `${quote(name)} ${what} more than ${maxFileBytes / 2 ** 20} MB, which is too much for a browser: use a smaller part of the data.`,
  );

/** Packed bytes that are handed to the inflater at once. */
const chunkBytes = 2 ** 18;
const trailerBytes = 8;
/** Bits of the header's flag byte: which optional fields follow. */
const flag = { headerCrc: 2, extra: 4, name: 8, comment: 16 };

export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The content of a gzip file with one member, its length and CRC-32 checked. Throws DataFileError where it ends early, is
 * damaged or unpacks to more than `limit` bytes.
 */
export function gunzip(bytes: Uint8Array, name: string, limit = maxFileBytes): Uint8Array {
  const fail = (what: string) => () =>
    new DataFileError(`${quote(name)} ${what}: download or copy it again.`);
  const early = fail('ends early (its gzip data are incomplete)');
  const damaged = fail('is damaged (its gzip data do not unpack)');
  const different = fail('ends early or is damaged (its gzip checksum does not fit)');

  const start = headerEnd(bytes);
  if (start + trailerBytes > bytes.length) throw early();
  if (bytes[2] !== 8) throw damaged();
  const body = bytes.subarray(start, bytes.length - trailerBytes);

  const parts: Uint8Array[] = [];
  let length = 0;
  const inflate = new Inflate((part) => {
    length += part.length;
    parts.push(part);
  });
  const push = (part: Uint8Array, last: boolean, failure: () => DataFileError) => {
    try {
      inflate.push(part, last);
    } catch {
      throw failure();
    }
    if (length > limit) throw tooLarge(name, 'unpacks to');
  };
  for (let offset = 0; offset < body.length; offset += chunkBytes) {
    const end = Math.min(body.length, offset + chunkBytes);
    const before = length;
    push(body.subarray(offset, end), false, damaged);
    // A whole chunk without output lies beyond the end of the compressed data.
    if (length === before && end < body.length) throw damaged();
  }
  // Whether the data are complete shows when more is offered: behind their end it is passed over, else it is an error.
  push(new Uint8Array(1), true, early);

  const content = concatenate(parts);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - trailerBytes, trailerBytes);
  if (trailer.getUint32(0, true) !== crc32(content) || trailer.getUint32(4, true) !== content.length)
    throw different();
  return content;
}

/** Where the compressed data begin; beyond the file's end where the header is cut off. */
function headerEnd(bytes: Uint8Array): number {
  const flags = bytes[3] ?? 0;
  let end = 10;
  if (flags & flag.extra) end += 2 + (bytes[end] ?? 0) + 256 * (bytes[end + 1] ?? 0);
  for (const field of [flag.name, flag.comment]) {
    if (!(flags & field)) continue;
    const zero = bytes.indexOf(0, end);
    end = zero < 0 ? bytes.length + 1 : zero + 1;
  }
  return flags & flag.headerCrc ? end + 2 : end;
}

/** Byte arrays one after the other. */
export function concatenate(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32 as gzip uses it, as an unsigned integer. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
