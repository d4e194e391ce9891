/** A dataset in memory: examples to train on, to choose by, and to report on. */
import type { DatasetView } from '@/catalog/datasets';
import type { Shape } from '@/catalog/layers';

/** Class numbers, 0 to classes - 1. In text, -1 is a position that nothing is asked about: the loss leaves it out. */
export type Labels = Uint8Array | Int8Array;

export interface Split {
  count: number;
  /**
   * count x volume(inputShape) values, row-major (NHWC). Bytes stand for value / 255, so that large image sets stay
   * small; floats stand for themselves, ids of tokens among them.
   */
  x: Float32Array | Uint8Array;
  /** count x labelsPerExample. */
  y: Labels;
}

export interface Dataset {
  view: DatasetView;
  inputShape: Shape;
  classNames: string[];
  /** 1, or the number of positions of text. */
  labelsPerExample: number;
  train: Split;
  /** May be empty. */
  validation: Split;
  test: Split;
}

/** A part without examples, for data like those of another. */
export const emptySplit = ({ x, y }: Split): Split => ({
  count: 0,
  x: x.subarray(0, 0),
  y: y.subarray(0, 0),
});

/** The examples of these numbers, in their order, as arrays of their own. */
export function rowsOfSplit({ count, x, y }: Split, rows: ArrayLike<number>): Split {
  const take = <T extends Split['x'] | Labels>(values: T): T => {
    const size = count === 0 ? 0 : values.length / count;
    const taken = new (values.constructor as new (length: number) => T)(rows.length * size);
    for (let i = 0; i < rows.length; i++) {
      const from = rows[i]! * size;
      taken.set(values.subarray(from, from + size), i * size);
    }
    return taken;
  };
  return { count: rows.length, x: take(x), y: take(y) };
}

/** How many labels of each class there are; positions without a label are left out. */
export function classCounts({ y }: Pick<Split, 'y'>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of y) if (label >= 0) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
