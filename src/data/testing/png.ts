/** Small PNG files for the tests: written here, and read back where there is no browser. */
import { unzlibSync, zlibSync } from 'fflate';
import { concatenate, crc32 } from '../gzip';
import type { DecodeImage } from '../loaders/decode';

const text = (value: string) => new TextEncoder().encode(value);
const uint32 = (value: number) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};
const chunk = (type: string, data: Uint8Array) => {
  const body = concatenate([text(type), data]);
  return concatenate([uint32(data.length), body, uint32(crc32(body))]);
};

/** A PNG of 8-bit RGB; `colour` gives red, green and blue of a pixel. */
export function png(
  width: number,
  height: number,
  colour: (row: number, column: number) => readonly [number, number, number],
): Uint8Array<ArrayBuffer> {
  const lines = new Uint8Array(height * (1 + 3 * width));
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      lines.set(colour(row, column), row * (1 + 3 * width) + 1 + 3 * column);
  const header = concatenate([uint32(width), uint32(height), Uint8Array.of(8, 2, 0, 0, 0)]);
  return concatenate([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', zlibSync(lines)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** A PNG of one colour. */
export const plain = (side: number, red: number, green = red, blue = red) =>
  png(side, side, () => [red, green, blue]);

/** Reads what `png` wrote, scaled to the nearest pixel; rejects where it is something else. */
export const decodePng: DecodeImage = async (bytes, type, width, height) => {
  if (type !== 'image/png') throw new Error(`no decoder for ${type}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [from, rows] = [view.getUint32(16), view.getUint32(20)];
  const lines = unzlibSync(bytes.subarray(41, 41 + view.getUint32(33)));
  if (lines.length !== rows * (1 + 3 * from)) throw new Error('cut short');
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const at =
        Math.floor((row * rows) / height) * (1 + 3 * from) + 1 + 3 * Math.floor((column * from) / width);
      rgba.set(lines.subarray(at, at + 3), 4 * (row * width + column));
    }
  return rgba;
};
