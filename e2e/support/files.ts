/** Small data files in memory, good ones and bad ones. */
import { gzipSync } from 'node:zlib';

export interface UploadedFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const binary = (name: string, buffer: Buffer): UploadedFile => ({
  name,
  mimeType: 'application/octet-stream',
  buffer,
});

/** The header of an IDX file of unsigned bytes. */
function header(dimensions: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * dimensions.length);
  bytes.writeUInt8(0x08, 2);
  bytes.writeUInt8(dimensions.length, 3);
  for (const [index, size] of dimensions.entries()) bytes.writeUInt32BE(size, 4 + 4 * index);
  return bytes;
}

const side = 8;
const classes = 4;
/** Which of the four quarters of the image is bright tells the class. */
const classOf = (index: number) => index % classes;

/** Images of 8x8 pixels, each with one bright quarter and some grey that differs from image to image. */
export function idxImages(count: number, name = 'squares-images.idx3-ubyte'): UploadedFile {
  const pixels = Buffer.alloc(count * side * side);
  for (let image = 0; image < count; image++)
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        const quarter = 2 * Number(row >= side / 2) + Number(column >= side / 2);
        const grey = (37 * image + 11 * row + 29 * column) % 80;
        pixels[(image * side + row) * side + column] = quarter === classOf(image) ? 175 + grey : grey;
      }
  return binary(name, Buffer.concat([header([count, side, side]), pixels]));
}

export function idxLabels(count: number, name = 'squares-labels.idx1-ubyte'): UploadedFile {
  return binary(
    name,
    Buffer.concat([header([count]), Buffer.from(Array.from({ length: count }, (_, i) => classOf(i)))]),
  );
}

export const gzipped = ({ name, buffer }: UploadedFile): UploadedFile =>
  binary(`${name}.gz`, gzipSync(buffer));

/** The first part of a file, as a download that broke off leaves it. */
export const cutOff = (file: UploadedFile, bytes: number): UploadedFile => ({
  ...file,
  buffer: file.buffer.subarray(0, bytes),
});

export const withFirstByte = (file: UploadedFile, byte: number): UploadedFile => {
  const buffer = Buffer.from(file.buffer);
  buffer[0] = byte;
  return { ...file, buffer };
};

export const csv = (name: string, rows: readonly string[]): UploadedFile => ({
  name,
  mimeType: 'text/csv',
  buffer: Buffer.from(`${rows.join('\n')}\n`),
});

/** Flowers of two species with three measures; the species stands in the first column. */
export const flowers = (count: number): string[] => [
  'species,height,width,colour',
  ...Array.from({ length: count }, (_, i) => {
    const tall = i % 2;
    const jitter = ((i * 7) % 10) / 20;
    return `${tall ? 'tall' : 'small'},${1 + 2 * tall + jitter},${3 - tall + jitter},${(i * 3) % 7}`;
  }),
];
