/** Training, validation and test parts of labelled images, cut from one array of pixels. */
import { type Dataset, rowsOfSplit, type Split } from './dataset';
import { stream } from './random';
import { stratify } from './stratify';

export const partNames = ['train', 'validation', 'test'] as const;
export type PartName = (typeof partNames)[number];

interface Parts {
  /** Bytes of the examples: all for training, then all for validation, then all for testing. */
  x: Uint8Array;
  shape: [height: number, width: number, channels: number];
  /** Classes of each part's examples, in the order of x. */
  labels: Record<PartName, readonly number[]>;
  classNames: string[];
  /** Of the split where there is no test part: a fifth of each class of the training part is kept for testing. */
  seed: number;
}

/** The dataset. Without a test part, the training examples give one; without a validation part there is none. */
export function datasetOf({ x, shape, labels, classNames, seed }: Parts): Dataset {
  const size = shape[0] * shape[1] * shape[2];
  const part = (from: number, values: readonly number[]): Split => ({
    count: values.length,
    x: x.subarray(from * size, (from + values.length) * size),
    y: Uint8Array.from(values),
  });
  const given = part(0, labels.train);
  const validation = part(given.count, labels.validation);
  const common = { view: 'images', inputShape: shape, classNames, validation, labelsPerExample: 1 } as const;
  if (labels.test.length > 0)
    return { ...common, train: given, test: part(given.count + validation.count, labels.test) };
  const [train, test] = stratify(given.y, stream(seed, 'data/split'));
  return { ...common, train: rowsOfSplit(given, train), test: rowsOfSplit(given, test) };
}
