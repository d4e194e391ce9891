/** What would be fetched of a data set of the hub: worked out from its list of files and their tables of contents. */
import { type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { DataFileError, quote } from '../../error';
import type { PartName } from '../../parts';
import { type Columns, checkClassCount, columnsOf } from './columns';
import { type HubFile, hubNameOf, listSubsets } from './listing';
import type { HubChoice, HubOffer } from './offer';
import { hostOf, type Requests, rangeBuffer } from './request';
import { bytesOf, evenly, fetchesOf, type Group, groupsOf, type RemoteFile, spread } from './select';

/** Most images of a part: enough to learn from, and small enough for a browser. */
export const mostRows: Readonly<Record<PartName, number>> = { train: 20_000, validation: 5_000, test: 5_000 };
const mostBytes: Readonly<Record<PartName, number>> = {
  train: 192 * 2 ** 20,
  validation: 48 * 2 ** 20,
  test: 48 * 2 ** 20,
};
/** A split of more files is read from so many of them, evenly spread. */
const mostFiles = 4;
/** Tables of contents are mostly smaller than this; the rest of a larger one is asked for. */
const footerBytes = 2 ** 17;

export interface Plan {
  offer: HubOffer;
  parts: { part: PartName; groups: Group[] }[];
}

/** Throws DataFileError; rejects with the signal's reason when aborted. */
export async function makePlan(hub: string, choice: HubChoice, signal?: AbortSignal): Promise<Plan> {
  const name = hubNameOf(choice.name);
  try {
    return await plan(hub, choice, { name, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DataFileError) throw error;
    // Tables of contents that contradict themselves make their reader throw anything.
    throw new DataFileError(
      `${quote(name)} cannot be read: the hub sends something that is no parquet file; try again later.`,
    );
  }
}

async function plan(hub: string, choice: HubChoice, requests: Requests): Promise<Plan> {
  const { name } = requests;
  const subsets = await listSubsets(hub, requests);
  const subset = subsets.find((each) => each.name === (choice.subset ?? subsets[0]!.name));
  if (!subset) throw missing(name, 'subset', choice.subset!);
  const splits = await Promise.all(
    subset.splits.map(async ({ part, split, files }) => {
      const some = evenly(files.length, mostFiles).map((index) => files[index]!);
      const read = await Promise.all(
        some.map(async (file): Promise<RemoteFile> => {
          return { ...file, metadata: await tableOfContents(file, requests) };
        }),
      );
      return { part, split, files: read, share: read.length / files.length };
    }),
  );

  const columns = columnsOf(splits[0]!.files[0]!.metadata, name);
  const imageColumn = pick(columns.images, choice.imageColumn, name);
  const classColumn = pick(columns.classes, choice.classColumn, name);
  const classNames = columns.classNames.get(classColumn);
  if (classNames) checkClassCount(classNames.length, name);
  const parts = splits.map(({ part, split, files, share }) => {
    const all = groupsOf(files, [imageColumn, classColumn], name);
    const groups = spread(all, { rows: mostRows[part], bytes: mostBytes[part] });
    const rows = Math.min(mostRows[part], sum(groups));
    return { part, split, groups, rows, of: Math.round(sum(all) / share) };
  });
  const used = parts.filter(({ rows }) => rows > 0);
  if (used[0]?.part !== 'train')
    throw new DataFileError(`${quote(name)} has no images to train on: choose another data set.`);
  const offer: HubOffer = {
    choice: { name, subset: subset.name, imageColumn, classColumn },
    ...names(subsets, columns),
    host: hostOf(splits[0]!.files[0]!.url),
    parts: used.map(({ part, split, rows, of }) => ({ part, split, rows, of })),
    bytes: used.reduce((total, { groups }) => total + bytesOf(fetchesOf(groups)), 0),
    ...(classNames ? { classNames } : {}),
  };
  return { offer, parts: used };
}

const sum = (groups: readonly Group[]) => groups.reduce((total, { rows }) => total + rows, 0);
const names = (subsets: { name: string }[], { images, classes }: Columns) => ({
  subsets: subsets.map(({ name }) => name),
  imageColumns: images,
  classColumns: classes,
});

async function tableOfContents({ url, size }: HubFile, requests: Requests): Promise<FileMetaData> {
  const file = { byteLength: size, slice: rangeBuffer(url, size, requests) };
  return parquetMetadataAsync(file, { initialFetchSize: footerBytes });
}

/** The wanted one, or else the first. */
function pick(columns: readonly string[], wanted: string | undefined, name: string): string {
  if (wanted !== undefined && !columns.includes(wanted)) throw missing(name, 'column', wanted);
  return wanted ?? columns[0]!;
}

const missing = (name: string, what: string, wanted: string) =>
  new DataFileError(
    `${quote(name)} has no ${what} ${quote(wanted)} any more: look the data set up and choose again.`,
  );
