/**
 * Which columns of a parquet file hold images and classes: what the datasets library wrote into the file's own notes
 * (key "huggingface": features, huggingface.co/docs/datasets/about_dataset_features), else what types and names say.
 */
import { type FileMetaData, parquetSchema, type SchemaTree } from 'hyparquet';
import { z } from 'zod';
import { DataFileError, quote } from '../../error';
import { maxClasses } from '../../idx';

export interface Columns {
  /** In the order of preference. */
  images: string[];
  classes: string[];
  /** Names of the classes by column, where the file gives them. */
  classNames: Map<string, string[]>;
}

const notesSchema = z.object({
  info: z.object({
    features: z.record(
      z.string(),
      z.object({ _type: z.string().optional(), names: z.array(z.string()).optional() }).catch({}),
    ),
  }),
});

function notes({ key_value_metadata: pairs }: FileMetaData) {
  const text = pairs?.find(({ key }) => key === 'huggingface')?.value;
  try {
    const read = notesSchema.safeParse(JSON.parse(text ?? ''));
    return read.success ? new Map(Object.entries(read.data.info.features)) : undefined;
  } catch {
    return undefined;
  }
}

const isImage = ({ element, children }: SchemaTree) =>
  children.length > 0
    ? children.some(({ element: child }) => child.name === 'bytes' && child.type === 'BYTE_ARRAY')
    : element.type === 'BYTE_ARRAY' &&
      isBytes(element) &&
      /^(image|img|picture|photo)s?$/i.test(element.name);
const isBytes = ({ converted_type, logical_type }: SchemaTree['element']) =>
  converted_type === undefined && logical_type === undefined;

/** Whole numbers or words, under a name that means a class. */
const isClass = ({ element: { name, type }, children }: SchemaTree) =>
  children.length === 0 &&
  ['INT32', 'INT64', 'BOOLEAN', 'BYTE_ARRAY'].includes(type ?? '') &&
  /^(y|digit|target|category)$|(^|[_-])(label|class)(e?s)?$/i.test(name);

/** Columns in the order of preference: of those called alike, "image" and "label" first. */
export function columnsOf(metadata: FileMetaData, name: string): Columns {
  const tree = parquetSchema(metadata).children;
  const known = notes(metadata);
  const called = (wanted: string) => (a: string, b: string) => Number(b === wanted) - Number(a === wanted);
  const names = (test: (column: SchemaTree) => boolean) =>
    tree.filter(test).map(({ element }) => element.name);

  const images = names((column) => isImage(column)).sort(called('image'));
  if (images.length === 0)
    throw new DataFileError(
      `${quote(name)} has no column of images (it has ${listed(names(() => true))}): choose a data set of images.`,
    );
  const marked = names(({ element }) => known?.get(element.name)?._type === 'ClassLabel');
  const classes = (marked.length > 0 ? marked : names(isClass)).sort(called('label'));
  if (classes.length === 0)
    throw new DataFileError(
      `${quote(name)} has no labels: none of its columns (${listed(names(() => true))}) says the class of an image; choose a data set for image classification.`,
    );
  const classNames = new Map<string, string[]>();
  for (const column of classes) {
    const given = known?.get(column)?.names;
    if (given) classNames.set(column, given);
  }
  return { images, classes, classNames };
}

const listed = (names: string[]) =>
  names
    .slice(0, 6)
    .map((each) => quote(each))
    .join(', ') + (names.length > 6 ? ', …' : '');

/** At least two classes, and not more than a data set may have. Throws DataFileError. */
export function checkClassCount(count: number, name: string): void {
  if (count < 2)
    throw new DataFileError(`${quote(name)} has images of one class alone: a dataset needs at least two.`);
  if (count > maxClasses)
    throw new DataFileError(
      `${quote(name)} has ${count.toLocaleString('en')} classes, and at most ${maxClasses} can be told apart: choose a smaller one.`,
    );
}
