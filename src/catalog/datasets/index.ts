/** Dataset kinds, one file for each family, and what can be known of a dataset without making it (shape, classes, counts). */
import { z } from 'zod';
import type { Shape } from '../layers';
import { datasetKinds, generatedSchemas } from './generated';
import { ownSchema } from './own';

export { type DatasetDescriptor, datasetKinds, type GeneratedSpec } from './generated';
export { fileFormats, fileName, fileNameSchema, maxFileNameBytes, type OwnSpec, ownData } from './own';

export const datasetSchema = z.discriminatedUnion('kind', [...generatedSchemas, ownSchema]);
export type DatasetSpec = z.infer<typeof datasetSchema>;
export type DatasetKind = DatasetSpec['kind'];

/** How the page draws it: a field with points, a grid of images, or neither. */
export type DatasetView = 'points' | 'images' | 'table';

export interface DatasetInfo {
  label: string;
  view: DatasetView;
  inputShape: Shape;
  classes: number;
  train: number;
  test: number;
}

/** What follows from the description alone; equals what src/data makes (tested there). */
export function datasetInfo(spec: DatasetSpec): DatasetInfo {
  if (spec.kind === 'own') {
    const { name, shape, classes, train, test } = spec;
    const view = shape.length === 3 ? 'images' : shape[0] === 2 ? 'points' : 'table';
    return { label: name, view, inputShape: shape, classes, train, test };
  }
  const test = Math.round(spec.samples * spec.testShare);
  const counts = { train: spec.samples - test, test, label: datasetKinds[spec.kind].label };
  return spec.kind === 'digits'
    ? { ...counts, view: 'images', inputShape: [28, 28, 1], classes: 10 }
    : { ...counts, view: 'points', inputShape: [2], classes: 2 };
}
