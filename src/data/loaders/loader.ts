/** What a loader is given and what it gives back. A loader reads one format; the registry (index.ts) knows them all. */
import type { OwnSpec } from '@/catalog/datasets';
import type { CsvColumns } from '../csv';
import type { Dataset } from '../dataset';
import type { DecodeImage } from './decode';
import type { LoadingProgress } from './progress';

/** One file as it was given. `name` may be a path with "/" where a folder was chosen. */
export interface DataFile {
  name: string;
  bytes: Uint8Array;
}

/** One file after archives have been unpacked. */
export interface Content {
  /** Where it lies within what was given, with "/" between folders. */
  path: string;
  /** As it was given, for the hash: a lone gzipped file still packed. */
  raw: Uint8Array;
  bytes: Uint8Array;
  /** The archive it came out of. */
  archive?: string;
}

/** A dataset, or the columns of a CSV whose label column has to be chosen first. */
export type Opened =
  | { kind: 'dataset'; spec: OwnSpec; dataset: Dataset }
  | ({ kind: 'columns'; name: string } & CsvColumns);

export interface OpenOptions {
  /** Column of a CSV that holds the class, counted from 0. */
  labelColumn?: number;
  /** Images are brought to this height and width; else to the commonest of theirs, up to a limit. */
  size?: { height: number; width: number };
  /** Decodes an image; the browser's own decoder where none is given. */
  decode?: DecodeImage;
  progress?: (progress: LoadingProgress) => void;
  /** Aborting makes the promise reject with the signal's reason. */
  signal?: AbortSignal;
}

export interface Loader {
  /** Whether the files are of this format, by their content or their names. */
  accepts(files: readonly Content[]): boolean;
  /** Throws DataFileError, one sentence for the person. */
  open(files: Content[], options: OpenOptions): Promise<Opened>;
}
