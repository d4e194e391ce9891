/** A table as CSV. Its label column is asked for where it is not given. */
import { fileName } from '@/catalog/datasets';
import { csvColumns, csvDataset } from '../csv';
import { DataFileError, quote } from '../error';
import { stream } from '../random';
import { fingerprint, opened, seedOf } from '../spec';
import { looksLikeIdx } from './idx';
import type { Content, Loader } from './loader';

/** The text that the bytes hold in UTF-8, or undefined where they do not. */
function textOf({ bytes }: Content): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
const named = ({ path }: Content) => /\.(csv|tsv|txt)(\.gz)?$/i.test(path);
const isTable = (file: Content) => !looksLikeIdx(file) && (named(file) || textOf(file) !== undefined);

/** The file itself seeds the split, so that it is the same whenever the file is opened. */
export const csv: Loader = {
  accepts: (files) => files.some(isTable),
  async open(files, { labelColumn }) {
    const file = files.find(isTable)!;
    const { path, raw } = file;
    if (files.length > 1)
      throw new DataFileError(
        `${quote(path)} is a table and came together with other files: choose one CSV alone, or IDX files alone.`,
      );
    const text = textOf(file);
    if (text === undefined)
      throw new DataFileError(`${quote(path)} is not text in UTF-8: save it as "CSV UTF-8".`);
    if (labelColumn === undefined) return { kind: 'columns', name: path, ...csvColumns(text, path) };
    const hash = await fingerprint([raw], path);
    const dataset = csvDataset(text, path, labelColumn, stream(seedOf(hash), 'data/split'));
    const [features = 0] = dataset.inputShape;
    return opened(
      { format: 'csv', name: fileName(path), bytes: raw.length, hash, label: labelColumn },
      dataset,
      [features],
    );
  },
};
