/** Dataset kinds, one file for each family, and what can be known of a dataset without making it (shape, classes, counts). */
import { z } from 'zod';
import type { Shape } from '../layers';
import { type DatasetDescriptor, type DatasetView, datasetKinds, generatedSchemas } from './generated';
import { ownSchema } from './own';
import type { TextInfo } from './text';

export {
  type DatasetDescriptor,
  type DatasetView,
  datasetKinds,
  type GeneratedSpec,
} from './generated';
export { fileFormats, fileName, fileNameSchema, maxFileNameBytes, type OwnSpec, ownData } from './own';
export { answerMark, type TextInfo, type TextKind, textLimits } from './text';

export const datasetSchema = z.discriminatedUnion('kind', [...generatedSchemas, ownSchema]);
export type DatasetSpec = z.infer<typeof datasetSchema>;
export type DatasetKind = DatasetSpec['kind'];

export interface DatasetInfo {
  label: string;
  view: DatasetView;
  /** Of one example: [height, width, channels], [features], or [positions] of text. */
  inputShape: Shape;
  classes: number;
  train: number;
  validation: number;
  test: number;
  /** Of text alone. */
  text?: TextInfo;
}

/** What follows from the description alone; equals what src/data makes (tested there). */
export function datasetInfo(spec: DatasetSpec): DatasetInfo {
  if (spec.kind === 'own') {
    const { name, shape, classes, train, validation = 0, test } = spec;
    const view = shape.length === 3 ? 'images' : shape[0] === 2 ? 'points' : 'table';
    return { label: name, view, inputShape: shape, classes, train, validation, test };
  }
  const { label, view, inputShape, classNames, text }: DatasetDescriptor = datasetKinds[spec.kind];
  const test = Math.round(spec.samples * spec.testShare);
  const validation = Math.round((spec.samples - test) * spec.validationShare);
  return {
    ...{ label, view, inputShape, classes: classNames.length },
    ...{ train: spec.samples - test - validation, validation, test },
    ...(text && { text }),
  };
}
