/** Image files to one array of pixels: headers checked first, then decoded, a few at a time, and brought to one size. */
import type { OwnSpec } from '@/catalog/datasets';
import { count, DataFileError, number, quote } from '../error';
import { maxFileBytes } from '../gzip';
import { canDecode, decodeImage } from './decode';
import { type ImageHeader, imageHeader } from './imageHeader';
import type { OpenOptions } from './loader';
import { paced } from './progress';

export interface Picture {
  /** For messages. */
  name: string;
  bytes: Uint8Array;
}

/** Most pixels along a side of an image file: larger ones are a photograph to shrink first, or a trap. */
const maxFileSide = 8192;
const maxFilePixels = 2 ** 25;
/** The longer side that images get at most where no size is chosen. */
const defaultSide = 64;
/** Decoders at work at once. */
const atOnce = 16;

export interface Pixels {
  shape: [height: number, width: number, channels: 1 | 3];
  /** count x height x width x channels bytes, row-major. */
  x: Uint8Array;
}

/**
 * Decodes the pictures: grey where every pixel of all of them is, else RGB; all of the size that the options name, or the
 * commonest of theirs, scaled down so that the longer side is at most 64.
 * Throws DataFileError; rejects with the signal's reason when aborted.
 */
export async function decodePictures(
  pictures: readonly Picture[],
  name: string,
  { size, decode, progress, signal }: OpenOptions,
): Promise<Pixels> {
  if (!decode && !canDecode())
    throw new DataFileError(
      `${quote(name)} holds images, which only a browser can decode: open it on the page.`,
    );
  const headers = pictures.map(checkedHeader);
  const { height, width } = size ?? commonSize(headers);
  const pixels = height * width;
  if (3 * pixels * pictures.length > maxFileBytes)
    throw new DataFileError(
      `${quote(name)} makes ${count(pictures.length, 'image')} of ${height}×${width} pixels, more than ${maxFileBytes / 2 ** 20} MB: choose a smaller image size, or fewer images.`,
    );

  const rgb = new Uint8Array(3 * pixels * pictures.length);
  let grey = true;
  const tell = paced(progress);
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < pictures.length) {
      const index = next++;
      const picture = pictures[index]!;
      signal?.throwIfAborted();
      const rgba = await (decode ?? decodeImage)(picture.bytes, headers[index]!.type, width, height).catch(
        () => {
          throw new DataFileError(
            `${quote(picture.name)} is damaged: it says that it is an image but cannot be decoded; replace it or take it out.`,
          );
        },
      );
      grey = copy(rgba, rgb.subarray(3 * pixels * index, 3 * pixels * (index + 1))) && grey;
      tell({ unit: 'images', done: ++done, total: pictures.length });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  signal?.throwIfAborted();
  return grey ? { shape: [height, width, 1], x: everyThird(rgb) } : { shape: [height, width, 3], x: rgb };
}

function checkedHeader({ name, bytes }: Picture): ImageHeader {
  const header = imageHeader(bytes);
  if (!header)
    throw new DataFileError(
      `${quote(name)} is not an image: keep only PNG, JPEG, WebP and GIF files in the folders of the classes.`,
    );
  const { width, height } = header;
  if (width === 0 || height === 0)
    throw new DataFileError(`${quote(name)} is damaged: its header ends early; replace it or take it out.`);
  if (width > maxFileSide || height > maxFileSide || width * height > maxFilePixels)
    throw new DataFileError(
      `${quote(name)} is ${number(width)}×${number(height)} pixels, too large to decode safely: make it smaller than ${number(maxFileSide)} pixels a side.`,
    );
  return header;
}

/** The commonest height and width, the smaller among equals; scaled down where it is large. */
export function commonSize(headers: readonly { height: number; width: number }[]) {
  const counts = new Map<string, { height: number; width: number; count: number }>();
  for (const { height, width } of headers) {
    const key = `${height} ${width}`;
    const entry = counts.get(key) ?? { height, width, count: 0 };
    entry.count++;
    counts.set(key, entry);
  }
  const [commonest] = [...counts.values()].sort(
    (a, b) => b.count - a.count || a.height * a.width - b.height * b.width || a.height - b.height,
  );
  const { height, width } = commonest!;
  const scale = Math.min(1, defaultSide / Math.max(height, width));
  return { height: Math.max(1, Math.round(scale * height)), width: Math.max(1, Math.round(scale * width)) };
}

/** RGBA to RGB; returns whether all of it is grey. */
function copy(rgba: Uint8ClampedArray, rgb: Uint8Array): boolean {
  let grey = true;
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    const [red, green, blue] = [rgba[from]!, rgba[from + 1]!, rgba[from + 2]!];
    rgb[to] = red;
    rgb[to + 1] = green;
    rgb[to + 2] = blue;
    if (red !== green || red !== blue) grey = false;
  }
  return grey;
}

function everyThird(rgb: Uint8Array): Uint8Array {
  const values = new Uint8Array(rgb.length / 3);
  for (let i = 0; i < values.length; i++) values[i] = rgb[3 * i]!;
  return values;
}

/** A size of images that the page offers to choose, as a side in pixels. */
export const squareSize = (side: number | undefined): Pick<OpenOptions, 'size'> =>
  side === undefined ? {} : { size: { height: side, width: side } };

/** The size that an experiment's description names, so that the same files give the same data. */
export const sizeOf = ({ shape }: Pick<OwnSpec, 'shape'>): Pick<OpenOptions, 'size'> =>
  shape.length === 3 ? { size: { height: shape[0], width: shape[1] } } : {};
