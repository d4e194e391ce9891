/** Opens the person's own files. Nothing in them is trusted, and nothing of them leaves the machine. */
import { datasetInfo, fileName, type OwnSpec } from '@/catalog/datasets';
import { type CsvColumns, csvColumns, csvDataset } from './csv';
import type { Dataset } from './dataset';
import { DataFileError, number, quote } from './error';
import { concatenate, gunzip, isGzip, maxFileBytes, tooLarge } from './gzip';
import { firstBytes, parseIdx } from './idx';
import { imageDataset, pairUp } from './images';
import { stream } from './random';

export interface DataFile {
  name: string;
  bytes: Uint8Array;
}
/** A dataset, or the columns of a CSV whose label column has to be chosen first. */
export type Opened =
  | { kind: 'dataset'; spec: OwnSpec; dataset: Dataset }
  | ({ kind: 'columns'; name: string } & CsvColumns);

const maxFiles = 4;

/**
 * Opens one CSV, or IDX files, gzipped or not: an image and a label file (split in file order, the first 80 % for
 * training), or a training and a test pair. Which kind a file is, its content says.
 * Throws DataFileError, whose message is one sentence for the person.
 */
export async function openFiles(files: DataFile[], options: { labelColumn?: number } = {}): Promise<Opened> {
  const [first] = files;
  if (!first) throw new DataFileError('No file was chosen: choose a CSV, or IDX images with their labels.');
  if (files.length > maxFiles)
    throw new DataFileError(
      `${quote(first.name)} and ${number(files.length - 1)} more files are too many at once: choose one CSV, or IDX images with their labels.`,
    );
  if (files.reduce((sum, { bytes }) => sum + bytes.length, 0) > maxFileBytes)
    throw tooLarge(first.name, files.length > 1 ? 'and the files with it have' : 'has');

  const contents = files.map(unpack);
  const table = contents.find((content) => content.text !== undefined);
  if (table?.text === undefined) return openImages(contents);
  if (contents.length > 1)
    throw new DataFileError(
      `${quote(table.name)} is a table and came together with other files: choose one CSV alone, or IDX files alone.`,
    );
  return openTable(table.name, table.bytes, table.text, options.labelColumn);
}

interface Content {
  name: string;
  /** As they were given. */
  bytes: Uint8Array;
  unpacked: Uint8Array;
  /** Content of a text file. */
  text?: string;
}

function unpack({ name, bytes }: DataFile): Content {
  if (bytes.length === 0)
    throw new DataFileError(`${quote(name)} is empty: check that it was copied or downloaded completely.`);
  const unpacked = isGzip(bytes) ? gunzip(bytes, name) : bytes;
  // An IDX file starts with two zeros, which no text does.
  if ((unpacked[0] === 0 && unpacked[1] === 0) || /idx\d|ubyte/i.test(name)) return { name, bytes, unpacked };
  const text = decode(unpacked);
  if (text !== undefined) return { name, bytes, unpacked, text };
  throw new DataFileError(
    /\.(csv|tsv|txt)(\.gz)?$/i.test(name)
      ? `${quote(name)} is not text in UTF-8: save it as "CSV UTF-8".`
      : `${quote(name)} is neither an IDX file nor a CSV (it starts with the bytes ${firstBytes(unpacked)}): choose IDX images with their labels, or a CSV.`,
  );
}

/** The text that the bytes hold in UTF-8, or undefined where they do not. */
function decode(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function openImages(contents: Content[]): Promise<Opened> {
  const parsed = contents.map(({ name, unpacked }) => parseIdx(unpacked, name));
  const pairs = pairUp(parsed);
  const dataset = imageDataset(pairs);
  // In the order of their roles, so that the order of choosing them does not matter.
  const order = pairs.flatMap(({ images, labels }) => [images, labels]);
  const raw = order.map((file) => contents[parsed.indexOf(file)]!.bytes);
  const more = order.length === 2 ? 'its labels' : `${order.length - 1} more files`;
  return opened('idx', fileName(order[0]!.name, ` and ${more}`), raw, dataset, dataset.inputShape);
}

async function openTable(name: string, bytes: Uint8Array, text: string, label?: number): Promise<Opened> {
  if (label === undefined) return { kind: 'columns', name, ...csvColumns(text, name) };
  // The file itself seeds the split, so that it is the same whenever the file is opened.
  const seed = Number.parseInt((await fingerprint([bytes], name)).slice(0, 8), 16);
  const dataset = csvDataset(text, name, label, stream(seed, 'data/split'));
  const [features = 0] = dataset.inputShape;
  return opened('csv', fileName(name), [bytes], dataset, [features], label);
}

async function opened(
  format: OwnSpec['format'],
  name: string,
  raw: Uint8Array[],
  dataset: Dataset,
  shape: OwnSpec['shape'],
  label?: number,
): Promise<Opened> {
  const spec: OwnSpec = {
    kind: 'own',
    format,
    name,
    bytes: raw.reduce((sum, { length }) => sum + length, 0),
    hash: await fingerprint(raw, name),
    train: dataset.train.count,
    test: dataset.test.count,
    shape,
    classes: dataset.classNames.length,
    ...(label === undefined ? {} : { label }),
  };
  return { kind: 'dataset', spec, dataset: { ...dataset, view: datasetInfo(spec).view } };
}

/** First 16 hexadecimal digits of the SHA-256 of the files, one after the other. */
async function fingerprint(raw: Uint8Array[], name: string): Promise<string> {
  // Browsers offer it on https and 127.0.0.1 only.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle)
    throw new DataFileError(
      `${quote(name)} cannot be opened on a page without encryption: open the playground through https or 127.0.0.1.`,
    );
  const digest = new Uint8Array(await subtle.digest('SHA-256', concatenate(raw)));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
