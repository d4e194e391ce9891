/** A dataset from IDX files: which file belongs to which, and what they make together. */
import { type Dataset, emptySplit, type Split } from './dataset';
import { count, DataFileError, number, quote } from './error';
import { type IdxImages, type IdxLabels, maxClasses } from './idx';
import { testCount } from './stratify';

interface Pair {
  images: IdxImages;
  labels: IdxLabels;
}
/** One pair that is to be split, or a training and a test pair. */
export type Pairs = [Pair] | [train: Pair, test: Pair];

/**
 * Puts an image file and a label file together, or two of each: the training pair has "train" in its names, the test pair
 * "t10k" or "test"; names that do not say so are told apart by their counts, the larger being for training.
 */
export function pairUp(files: (IdxImages | IdxLabels)[]): Pairs {
  const images = files.filter((file) => file.kind === 'images');
  const labels = files.filter((file) => file.kind === 'labels');
  const [image] = images;
  const [label] = labels;
  if (image && !label)
    throw new DataFileError(
      `${quote(image.name)} holds images, but no file with their labels came with it: choose both files together.`,
    );
  if (label && !image)
    throw new DataFileError(
      `${quote(label.name)} holds labels, but no file with their images came with it: choose both files together.`,
    );
  if (images.length === 1 && labels.length === 1) return [match(image!, label!)];
  if (images.length !== 2 || labels.length !== 2)
    throw new DataFileError(
      `${quote(image!.name)} came in a set of ${count(images.length, 'image file')} and ${count(labels.length, 'label file')}, which do not make pairs: choose one of each, or a training and a test pair.`,
    );
  const [trainImages, testImages] = trainFirst(images);
  const [trainLabels, testLabels] = trainFirst(labels);
  const pairs: Pairs = [match(trainImages, trainLabels), match(testImages, testLabels)];
  if (shapeOf(trainImages).join() !== shapeOf(testImages).join())
    throw new DataFileError(
      `${quote(trainImages.name)} holds images of ${shapeOf(trainImages).join('×')} and ${quote(testImages.name)} of ${shapeOf(testImages).join('×')}: choose files of one dataset.`,
    );
  return pairs;
}

const shapeOf = ({ height, width, channels }: IdxImages): [number, number, number] => [
  height,
  width,
  channels,
];

function match(images: IdxImages, labels: IdxLabels): Pair {
  if (images.count !== labels.count)
    throw new DataFileError(
      `${quote(images.name)} holds ${count(images.count, 'image')} but ${quote(labels.name)} ${count(labels.count, 'label')}: choose two files that belong together.`,
    );
  return { images, labels };
}

const roleOf = ({ name }: { name: string }) =>
  /train/i.test(name) ? 'train' : /t10k|test/i.test(name) ? 'test' : 'unknown';

/** Two files of a kind, the one for training first. */
function trainFirst<File extends IdxImages | IdxLabels>(files: File[]): [File, File] {
  const [a, b] = files as [File, File];
  const roles = [roleOf(a), roleOf(b)];
  if (roles[0] !== roles[1]) return roles[0] === 'train' || roles[1] === 'test' ? [a, b] : [b, a];
  if (roles[0] === 'unknown' && a.count !== b.count) return a.count > b.count ? [a, b] : [b, a];
  throw new DataFileError(
    `${quote(a.name)} and ${quote(b.name)} cannot be told apart as training and test ${a.kind}: put "train" and "test" into their names.`,
  );
}

/** The dataset of these files; a lone pair is split in file order, the first 80 % for training. */
export function imageDataset(pairs: Pairs): Dataset & { inputShape: [number, number, number] } {
  const [first, second] = pairs;
  const { images } = first;
  if (!second && images.count < 2)
    throw new DataFileError(
      `${quote(images.name)} holds a single image, which cannot be split into training and test images: choose a larger file.`,
    );
  const classes = classesOf(pairs);
  const inputShape = shapeOf(images);
  const size = images.values.length / images.count;
  const rank = new Uint8Array(256);
  classes.forEach((label, i) => {
    rank[label] = i;
  });
  const part = ({ images, labels }: Pair, from: number, to: number): Split => ({
    count: to - from,
    x: images.values.subarray(from * size, to * size),
    y: labels.values.subarray(from, to).map((label) => rank[label]!),
  });
  let parts: [Split, Split];
  if (second) parts = [part(first, 0, images.count), part(second, 0, second.images.count)];
  else {
    const cut = images.count - testCount(images.count);
    parts = [part(first, 0, cut), part(first, cut, images.count)];
  }
  const [train, test] = parts;
  return {
    ...{ view: 'images', inputShape, classNames: classes.map(String), labelsPerExample: 1 },
    ...{ train, validation: emptySplit(train), test },
  };
}

/** The labels that occur, ascending: class i is the i-th of them. */
function classesOf(pairs: Pairs): number[] {
  const seen = new Uint8Array(256);
  for (const { labels } of pairs) for (const label of labels.values) seen[label] = 1;
  const classes = [...seen.keys()].filter((label) => seen[label]);
  const name = quote(pairs[0].labels.name);
  if (classes.length < 2)
    throw new DataFileError(
      `${name} holds only the label ${classes[0]}: a dataset needs at least two classes.`,
    );
  if (classes.length > maxClasses)
    throw new DataFileError(
      `${name} holds ${number(classes.length)} different labels, and at most ${maxClasses} can be told apart: check that it is the labels file.`,
    );
  return classes;
}
