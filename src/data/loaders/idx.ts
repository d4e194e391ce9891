/** IDX files: images with their labels, or a training and a test pair. */
import { fileName } from '@/catalog/datasets';
import { DataFileError, number, quote } from '../error';
import { parseIdx } from '../idx';
import { imageDataset, pairUp } from '../images';
import { byteSum, fingerprint, opened } from '../spec';
import type { Content, Loader } from './loader';

const maxFiles = 4;

/** Two zero bytes, which no text starts with, or the name that such files have. */
export const looksLikeIdx = ({ path, bytes }: Content) =>
  (bytes[0] === 0 && bytes[1] === 0) || /idx\d|ubyte/i.test(path);

/** One pair is split in file order, the first 80 % for training. */
export const idx: Loader = {
  accepts: (files) => files.some(looksLikeIdx),
  async open(files) {
    if (files.length > maxFiles)
      throw new DataFileError(
        `${quote(files[0]!.path)} and ${number(files.length - 1)} more files are too many at once: choose one CSV, or IDX images with their labels.`,
      );
    const parsed = files.map(({ path, bytes }) => parseIdx(bytes, path));
    const pairs = pairUp(parsed);
    const dataset = imageDataset(pairs);
    // In the order of their roles, so that the order of choosing them does not matter.
    const order = pairs.flatMap(({ images, labels }) => [images, labels]);
    const raw = order.map((file) => files[parsed.indexOf(file)]!.raw);
    const more = order.length === 2 ? 'its labels' : `${order.length - 1} more files`;
    const name = fileName(order[0]!.name, ` and ${more}`);
    const given = { format: 'idx', name, bytes: byteSum(raw), hash: await fingerprint(raw, name) } as const;
    return opened(given, dataset, dataset.inputShape);
  },
};
