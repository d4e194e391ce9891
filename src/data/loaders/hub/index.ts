/** Image data sets of the Hugging Face hub, by name: looked up first, fetched when the person says so. */
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { fileName } from '@/catalog/datasets';
import { DataFileError, quote } from '../../error';
import { datasetOf, type PartName, partNames } from '../../parts';
import { labelledFingerprint, opened, seedOf } from '../../spec';
import type { Opened, OpenOptions } from '../loader';
import { decodePictures, type Picture } from '../pictures';
import { paced } from '../progress';
import { checkClassCount } from './columns';
import type { HubChoice, HubOffer } from './offer';
import { makePlan, mostRows } from './plan';
import { fetchRange } from './request';
import { evenly, fetchesOf, type Group, type RemoteFile } from './select';

/**
 * What there is and what it would cost, from the hub's list of files and the tables of contents at their ends: some
 * hundred kilobytes. `hub` is the address of the hub's dataset viewer.
 * Throws DataFileError; rejects with the signal's reason when aborted.
 */
export const lookUp = async (hub: string, choice: HubChoice, signal?: AbortSignal): Promise<HubOffer> =>
  (await makePlan(hub, choice, signal)).offer;

/** Downloads the offer's images and decodes them. Throws as `lookUp` does. */
export async function fetchHub(hub: string, choice: HubChoice, options: OpenOptions): Promise<Opened> {
  const { offer, parts } = await makePlan(hub, choice, options.signal);
  const { name, subset, imageColumn, classColumn } = offer.choice;
  const tell = paced(options.progress);
  let done = 0;
  const arrived = (bytes: number) => {
    done = Math.min(offer.bytes, done + bytes);
    tell({ unit: 'bytes', done, total: offer.bytes });
  };
  tell({ unit: 'bytes', done, total: offer.bytes });

  const rows: Row[] = [];
  for (const { part, groups } of parts) {
    const held: Held[] = [];
    for (const { file, range } of fetchesOf(groups))
      held.push({
        file,
        start: range[0],
        bytes: await fetchRange(file.url, range, { name, signal: options.signal, arrived }),
      });
    const found: Row[] = [];
    for (const group of groups)
      for (const record of await readGroup(group, held, offer.choice)) {
        const row = rowOf(record, offer, `image ${found.length + 1} of ${name}, ${part}`);
        if (row) found.push({ ...row, part });
      }
    rows.push(...evenly(found.length, mostRows[part]).map((index) => found[index]!));
  }

  const classNames = offer.classNames ?? classesOf(rows, name);
  if (!rows.some(({ part }) => part === 'train'))
    throw new DataFileError(
      `${quote(name)} has no labels in its training part: choose a data set for image classification.`,
    );
  const pixels = await decodePictures(rows, name, options);
  const hash = await labelledFingerprint(
    rows.map(({ part, label, bytes }) => ({ label: `${part}/${label}`, bytes })),
    name,
  );
  const index = new Map(classNames.map((each, i) => [each, i]));
  const labelsOf = (wanted: PartName) =>
    rows.filter(({ part }) => part === wanted).map(({ label }) => index.get(label)!);
  const labels = Object.fromEntries(partNames.map((part) => [part, labelsOf(part)]));
  const dataset = datasetOf({
    ...pixels,
    labels: labels as Record<PartName, number[]>,
    classNames,
    seed: seedOf(hash),
  });
  // Only where there was a choice: a link that names none takes what the hub gives by itself.
  const chosen = {
    ...(offer.subsets.length > 1 ? { subset: fileName(subset) } : {}),
    ...(offer.imageColumns.length > 1 ? { imageColumn: fileName(imageColumn) } : {}),
    ...(offer.classColumns.length > 1 ? { classColumn: fileName(classColumn) } : {}),
  };
  const given = { format: 'hub', name: fileName(name), bytes: offer.bytes, hash, ...chosen } as const;
  return opened(given, dataset, pixels.shape);
}

/** A piece of a file that was downloaded. */
interface Held {
  file: RemoteFile;
  start: number;
  bytes: Uint8Array<ArrayBuffer>;
}
interface Row extends Picture {
  part: PartName;
  /** Name of its class. */
  label: string;
}

/** The rows of a row group, from the pieces that were downloaded. */
async function readGroup(
  { file, start, rows }: Group,
  held: readonly Held[],
  { name, imageColumn, classColumn }: Required<HubChoice>,
): Promise<Record<string, unknown>[]> {
  const slice = (from: number, to = file.size): ArrayBuffer => {
    const piece = held.find(
      (each) => each.file === file && each.start <= from && to <= each.start + each.bytes.length,
    );
    if (!piece) throw new RangeError('asked for bytes that were not downloaded');
    return piece.bytes.buffer.slice(from - piece.start, to - piece.start);
  };
  try {
    return await parquetReadObjects({
      file: { byteLength: file.size, slice },
      metadata: file.metadata,
      columns: [imageColumn, classColumn],
      rowStart: start,
      rowEnd: start + rows,
      compressors,
      utf8: false,
    });
  } catch {
    throw new DataFileError(
      `${quote(name)} cannot be read: a parquet file of it is damaged; try again, or choose another data set.`,
    );
  }
}

/** Image and class of a row, or undefined where it has no class: the hub writes -1 for one that is kept secret. */
function rowOf(
  record: Record<string, unknown>,
  { choice: { name, imageColumn, classColumn }, classNames }: HubOffer,
  place: string,
): Omit<Row, 'part'> | undefined {
  const value = record[classColumn];
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (number === null || number === undefined || number === -1) return undefined;
  const label = classNames ? classNames[number as number] : words(number);
  if (label === undefined)
    throw new DataFileError(
      `${quote(name)} has the class ${quote(words(number))} at ${place}, which is none of those that it lists: choose another data set.`,
    );
  const image = record[imageColumn];
  const bytes = image instanceof Uint8Array ? image : (image as { bytes?: unknown } | null)?.bytes;
  if (!(bytes instanceof Uint8Array))
    throw new DataFileError(
      `${quote(name)} holds no picture for ${place}, only its address: choose a data set that contains its images.`,
    );
  return { name: place, bytes, label };
}

const words = (value: unknown): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);

/** The classes that occur: numbers by size, words by letter. */
function classesOf(rows: readonly Row[], name: string): string[] {
  const found = [...new Set(rows.map(({ label }) => label))];
  checkClassCount(found.length, name);
  const numbers = found.every((label) => /^\d{1,9}$/.test(label));
  return found.sort((a, b) => (numbers ? Number(a) - Number(b) : 0) || (a < b ? -1 : 1));
}
