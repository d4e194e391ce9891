/** Tar archives for the tests. */
import { concatenate } from '../gzip';

const encoder = new TextEncoder();

function header(path: string, size: number, type: string): Uint8Array {
  const block = new Uint8Array(512);
  block.set(encoder.encode(path));
  block.set(encoder.encode(`${size.toString(8).padStart(11, '0')}\0`), 124);
  block.set(encoder.encode(type), 156);
  block.set(encoder.encode('ustar\x0000'), 257);
  return block;
}

/** Entries of an archive; a path that ends in "/" is a folder. */
export function tar(entries: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> {
  const parts = Object.entries(entries).flatMap(([path, bytes]) => [
    header(path, bytes.length, path.endsWith('/') ? '5' : '0'),
    bytes,
    new Uint8Array((512 - (bytes.length % 512)) % 512),
  ]);
  return concatenate([...parts, new Uint8Array(1024)]);
}
