/**
 * IDX files, the format of MNIST (LeCun, Cortes, Burges; yann.lecun.com/exdb/mnist), Fashion-MNIST, KMNIST and EMNIST: two
 * zero bytes, a byte for the type of the values, a byte for the number of dimensions, the dimensions as big-endian
 * 32-bit integers, the values. Only unsigned bytes are accepted.
 */
import { count, DataFileError, number, quote } from './error';

/** The limits of an experiment's own data (src/catalog/datasets.ts). */
export const maxSide = 256;
export const maxChannels = 4;
export const maxExamples = 1_000_000;
export const maxClasses = 100;

export interface IdxImages {
  kind: 'images';
  name: string;
  count: number;
  height: number;
  width: number;
  channels: number;
  /** count x height x width x channels, row-major. */
  values: Uint8Array;
}
export interface IdxLabels {
  kind: 'labels';
  name: string;
  count: number;
  values: Uint8Array;
}

const typeNames = new Map([
  [0x09, 'signed bytes'],
  [0x0b, '16-bit integers'],
  [0x0c, '32-bit integers'],
  [0x0d, '32-bit floats'],
  [0x0e, '64-bit floats'],
]);
const unsignedByte = 0x08;

/** The first bytes of a file in hexadecimal, for a message. */
export const firstBytes = (bytes: Uint8Array) =>
  Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/**
 * Images (three dimensions, or four with the channels last) or labels (one dimension). EMNIST stores its images
 * transposed (Cohen et al., arXiv:1702.05373); a file is known by "emnist" in its name, and turned upright.
 * The values are a view of `bytes` where nothing has to be turned. Throws DataFileError.
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxImages | IdxLabels {
  const file = quote(name);
  const fail = (text: string) => new DataFileError(`${file} ${text}`);
  if (bytes.length < 4)
    throw fail(
      `ends early: ${count(bytes.length, 'byte')} cannot hold the header of an IDX file; download it again.`,
    );
  const [zero, zeroToo, type, rank] = bytes as unknown as [number, number, number, number];
  const typeName = typeNames.get(type);
  if (zero !== 0 || zeroToo !== 0 || (type !== unsignedByte && !typeName))
    throw fail(
      `is not an IDX file: it starts with the bytes ${firstBytes(bytes)} where 00 00 08 01 (labels) or 00 00 08 03 (images) belongs; check that it is the right file.`,
    );
  if (typeName)
    throw fail(`holds ${typeName}, and only unsigned bytes can be read: save it as unsigned bytes.`);
  if (rank !== 1 && rank !== 3 && rank !== 4)
    throw fail(
      `has ${count(rank, 'dimension')}, but labels have 1 and images 3 (count, height, width) or 4 (with channels last): save it in that shape.`,
    );

  const start = 4 + 4 * rank;
  if (bytes.length < start) throw fail('ends early, within its header: download it again.');
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const dims = Array.from({ length: rank }, (_, i) => header.getUint32(4 + 4 * i));
  const [examples = 0, height = 1, width = 1, channels = 1] = dims;
  if (dims.includes(0))
    throw fail(`is empty: its header says ${dims.join(' × ')}; check that it is the right file.`);
  if (examples > maxExamples)
    throw fail(
      `holds ${number(examples)} examples, and at most ${number(maxExamples)} can be used: use a part of them.`,
    );
  if (height > maxSide || width > maxSide || channels > maxChannels)
    throw fail(
      `holds images of ${height}×${width}×${channels}, and at most ${maxSide}×${maxSide}×${maxChannels} can be used: make them smaller.`,
    );

  const expected = start + dims.reduce((product, dim) => product * dim, 1);
  if (bytes.length !== expected)
    throw fail(
      `${bytes.length < expected ? 'ends early' : 'is longer than it says'}: its header says ${dims.join(' × ')}, which makes ${number(expected)} bytes, and it has ${number(bytes.length)}; download it again.`,
    );
  const values = bytes.subarray(start);
  if (rank === 1) return { kind: 'labels', name, count: examples, values };
  const images: IdxImages = { kind: 'images', name, count: examples, height, width, channels, values };
  return /(^|[^a-z])emnist/i.test(name) ? transposed(images) : images;
}

function transposed(images: IdxImages): IdxImages {
  const { count, height, width, channels, values } = images;
  const turned = new Uint8Array(values.length);
  let to = 0;
  for (let image = 0; image < count; image++) {
    const start = image * height * width * channels;
    for (let column = 0; column < width; column++) {
      for (let row = 0; row < height; row++) {
        const from = start + (row * width + column) * channels;
        for (let channel = 0; channel < channels; channel++) turned[to++] = values[from + channel]!;
      }
    }
  }
  return { ...images, height: width, width: height, values: turned };
}
