/** A dataset in memory, split into training and test parts. */
import type { DatasetView } from '@/catalog/datasets';
import type { Shape } from '@/catalog/layers';

export interface Split {
  count: number;
  /**
   * count x volume(inputShape) values, row-major (NHWC). Bytes stand for value / 255, so that large image sets stay
   * small; floats stand for themselves.
   */
  x: Float32Array | Uint8Array;
  /** Class of each example, 0 to classes - 1. */
  y: Uint8Array;
}

export interface Dataset {
  view: DatasetView;
  inputShape: Shape;
  classNames: string[];
  train: Split;
  test: Split;
}
