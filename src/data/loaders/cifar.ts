/**
 * CIFAR-10's binary version (Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009;
 * cs.toronto.edu/~kriz/cifar.html): records of one byte for the class and 3,072 for the pixels, 32 x 32 red values, then
 * green, then blue. data_batch_1.bin to data_batch_5.bin are for training, test_batch.bin for testing.
 */
import { fileName } from '@/catalog/datasets';
import { emptySplit, type Split } from '../dataset';
import { DataFileError, number, quote } from '../error';
import { byteSum, fingerprint, opened } from '../spec';
import { testCount } from '../stratify';
import type { Content, Loader } from './loader';

const side = 32;
const plane = side * side;
const recordBytes = 1 + 3 * plane;
const classNames = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

const baseName = (path: string) => path.split('/').at(-1)!.replace(/\.gz$/i, '');
/** By its name, because every file of bytes could be one. */
const isBatch = ({ path }: Content) => /(^|[^a-z])(data|test)_batch(_\d+)?\.bin$/i.test(baseName(path));
const isTest = ({ path }: Content) => /test_batch/i.test(baseName(path));
/** What the download holds beside the batches. */
const isCompanion = ({ path }: Content) => /^(batches\.meta\.txt|readme\.html)$/i.test(baseName(path));

/** Batches for training alone, or a test batch alone, are split in file order, the first 80 % for training. */
export const cifar: Loader = {
  accepts: (files) => files.some(isBatch),
  async open(files) {
    const other = files.find((file) => !isBatch(file) && !isCompanion(file));
    if (other)
      throw new DataFileError(
        `${quote(other.path)} came together with CIFAR-10 batches and is none: choose the batches alone.`,
      );
    const batches = files.filter(isBatch).sort((a, b) => {
      const [one, two] = [baseName(a.path), baseName(b.path)];
      return Number(isTest(a)) - Number(isTest(b)) || (one < two ? -1 : one > two ? 1 : 0);
    });
    for (const batch of batches) check(batch);
    const parts = [batches.filter((batch) => !isTest(batch)), batches.filter(isTest)].map(read);
    let [train, test] = parts as [Split, Split];
    if (train.count === 0 || test.count === 0) [train, test] = cut(train.count ? train : test, batches[0]!);
    const raw = batches.map(({ bytes }) => bytes);
    const { archive, path } = batches[0]!;
    const more = batches.length === 1 ? '' : ` and ${batches.length - 1} more`;
    const name = archive ? fileName(archive) : fileName(baseName(path), more);
    const given = { format: 'cifar', name, bytes: byteSum(raw), hash: await fingerprint(raw, name) } as const;
    const shape: [number, number, number] = [side, side, 3];
    return opened(
      given,
      {
        ...{ view: 'images', inputShape: shape, classNames, train, test, labelsPerExample: 1 },
        validation: emptySplit(train),
      },
      shape,
    );
  },
};

function check({ path, bytes }: Content): void {
  if (bytes.length % recordBytes !== 0)
    throw new DataFileError(
      `${quote(path)} ends early: a CIFAR-10 batch has ${number(recordBytes)} bytes for each image, and its ${number(bytes.length)} bytes stop within image ${number(Math.floor(bytes.length / recordBytes) + 1)}; download it again.`,
    );
  for (let at = 0; at < bytes.length; at += recordBytes)
    if (bytes[at]! >= classNames.length)
      throw new DataFileError(
        `${quote(path)} is no CIFAR-10 batch: image ${number(at / recordBytes + 1)} has the class ${bytes[at]}, and there are 0 to 9; check that it is the right file.`,
      );
}

/** Records to examples: planes of colour to pixels. */
function read(batches: readonly Content[]): Split {
  const records = byteSum(batches.map(({ bytes }) => bytes)) / recordBytes;
  const x = new Uint8Array(records * 3 * plane);
  const y = new Uint8Array(records);
  let record = 0;
  for (const { bytes } of batches)
    for (let at = 0; at < bytes.length; at += recordBytes, record++) {
      y[record] = bytes[at]!;
      const to = record * 3 * plane;
      for (let pixel = 0; pixel < plane; pixel++)
        for (let channel = 0; channel < 3; channel++)
          x[to + 3 * pixel + channel] = bytes[at + 1 + channel * plane + pixel]!;
    }
  return { count: records, x, y };
}

function cut({ count: records, x, y }: Split, { path }: Content): [Split, Split] {
  if (records < 2)
    throw new DataFileError(
      `${quote(path)} holds a single image, which cannot be split into training and test images: choose a larger file.`,
    );
  const at = records - testCount(records);
  const size = 3 * plane;
  return [
    { count: at, x: x.subarray(0, at * size), y: y.subarray(0, at) },
    { count: records - at, x: x.subarray(at * size), y: y.subarray(at) },
  ];
}
