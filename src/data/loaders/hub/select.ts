/** Which row groups of a split are fetched, and which bytes those are. */
import type { ColumnMetaData, FileMetaData } from 'hyparquet';
import { DataFileError, quote } from '../../error';
import type { HubFile } from './listing';

export interface RemoteFile extends HubFile {
  metadata: FileMetaData;
}
/** A row group that is fetched. */
export interface Group {
  file: RemoteFile;
  /** First row of the group in its file. */
  start: number;
  rows: number;
  /** Bytes of its columns. */
  bytes: number;
  /** Of the image's and the class's columns, as [start, end) in the file. */
  ranges: (readonly [number, number])[];
}

/** From so many places of a split images are taken, so that one that is sorted by class gives some of most classes. */
const places = 8;
/** Columns that lie this close are fetched in one request. */
const gapBytes = 2 ** 16;

/** What a row group may hold at most: more does not fit into a browser, or is a lie. */
const mostUnpacked = 2 ** 30;
const mostRowsInGroup = 2_000_000;

/** All row groups of a split. Throws DataFileError where a file contradicts itself. */
export function groupsOf(files: readonly RemoteFile[], columns: readonly string[], name: string): Group[] {
  return files.flatMap((file) => {
    let next = 0;
    return file.metadata.row_groups.map((group) => {
      const start = next;
      const rows = Number(group.num_rows);
      next += rows;
      const chunks = group.columns
        .map(({ meta_data }) => meta_data)
        .filter((meta): meta is ColumnMetaData => columns.includes(meta?.path_in_schema[0] ?? ''));
      const ranges = chunks.map((meta) => {
        const from = Number(meta.dictionary_page_offset || meta.data_page_offset);
        return [from, from + Number(meta.total_compressed_size)] as const;
      });
      const sound =
        ranges.every(([from, to]) => from >= 4 && from < to && to <= file.size) &&
        chunks.every((meta) => meta.num_values === group.num_rows) &&
        chunks.every((meta) => Number(meta.total_uncompressed_size) <= mostUnpacked) &&
        rows <= mostRowsInGroup;
      if (!sound || ranges.length === 0)
        throw new DataFileError(
          `${quote(name)} cannot be read: a parquet file of it is damaged; choose another data set.`,
        );
      return { file, start, rows, bytes: ranges.reduce((sum, [from, to]) => sum + to - from, 0), ranges };
    });
  });
}

/** Runs of neighbouring groups, evenly over the split, until they hold so many rows or bytes; all where they hold fewer. */
export function spread(groups: readonly Group[], most: { rows: number; bytes: number }): Group[] {
  const total = groups.reduce((sum, { rows }) => sum + rows, 0);
  const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  if (total <= most.rows && bytes <= most.bytes) return [...groups];
  // What a row weighs on average tells how many rows may be fetched.
  const wanted = Math.max(1, Math.min(most.rows, Math.floor((total * most.bytes) / Math.max(1, bytes))));
  const chosen: Group[] = [];
  let seen = 0;
  let taken = 0;
  let place = -1;
  let left = 0;
  for (const group of groups) {
    const here = Math.min(places - 1, Math.floor((seen * places) / total));
    if (here !== place) {
      // a new place: its share, less what earlier ones gave too much
      place = here;
      left = Math.round((wanted * (place + 1)) / places) - taken;
    }
    if (left > 0) {
      chosen.push(group);
      taken += group.rows;
      left -= group.rows;
    }
    seen += group.rows;
  }
  return chosen;
}

/** `count` of the numbers 0 .. total - 1, evenly. */
export const evenly = (total: number, count: number): number[] =>
  Array.from({ length: Math.min(total, count) }, (_, i) => Math.floor((i * total) / Math.min(total, count)));

export interface Fetch {
  file: RemoteFile;
  range: [start: number, end: number];
}

/** One request for what lies together in a file. */
export function fetchesOf(groups: readonly Group[]): Fetch[] {
  const fetches: Fetch[] = [];
  for (const { file, ranges } of groups)
    for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
      const last = fetches.at(-1);
      if (last?.file === file && start >= last.range[0] && start - last.range[1] <= gapBytes)
        last.range[1] = Math.max(last.range[1], end);
      else fetches.push({ file, range: [start, end] });
    }
  return fetches;
}

export const bytesOf = (fetches: readonly Fetch[]) =>
  fetches.reduce((sum, { range: [start, end] }) => sum + end - start, 0);
