/** Tables as comma-separated values: columns of numbers are the features, one column of any values is the class. */
import Papa from 'papaparse';
import { type Dataset, emptySplit, type Split } from './dataset';
import { brief, count, DataFileError, number, quote } from './error';
import { maxClasses, maxExamples } from './idx';
import type { Random } from './random';
import { stratify } from './stratify';

const maxColumns = 4096;
/** Most numbers that a table may hold: they are kept as 64-bit floats until they are standardised. */
const maxValues = 2 ** 26;
/** Larger numbers are refused: the squares of those in a column must have a finite sum. */
const largest = 1e150;
/** Standardised values are kept within this, so that a lone outlier stays a finite float32. */
const furthest = 1e6;
/** Characters and rows from which delimiter, header and columns are found out. */
const headCharacters = 4 * 2 ** 20;
const headRows = 50;
const sampleRows = 5;

export interface CsvColumns {
  columns: string[];
  /** The first rows, cell by cell, for the person to choose by. */
  sample: string[][];
  /** Column that probably holds the class: one named so, else the last. */
  suggestion: number;
}
interface Layout extends CsvColumns {
  delimiter: string;
  header: boolean;
}

/** The finite decimal number that a cell holds, or NaN. Number() alone would take "0x10", and 0 for a blank cell. */
const numberIn = (cell: string) => {
  const text = cell.trim();
  const value = Number(text);
  const other = text === '' || /^0[xob]/i.test(text) || !Number.isFinite(value);
  return other ? Number.NaN : value;
};
const isNumber = (cell: string) => !Number.isNaN(numberIn(cell));
const isBlank = (row: string[]) => row.length === 1 && row[0]!.trim() === '';
const lineBreaks = (cell: string) => cell.match(/\r\n|\r|\n/g)?.length ?? 0;

/** The columns of a table and its first rows. Throws DataFileError where there are fewer than two columns or no rows. */
export function csvColumns(text: string, name: string): CsvColumns {
  const { columns, sample, suggestion } = layoutOf(text, name);
  return { columns, sample, suggestion };
}

function layoutOf(text: string, name: string): Layout {
  const head = text.slice(0, headCharacters);
  const { data, meta } = Papa.parse<string[]>(head, { preview: headRows + 1 });
  // The last row may be cut off.
  if (head.length < text.length && data.length > 1 && data.length <= headRows) data.pop();
  const rows = data.filter((row) => !isBlank(row));
  const [first, ...others] = rows;
  if (!first) throw new DataFileError(`${quote(name)} is empty: choose a CSV with a row for each example.`);
  if (first.length < 2)
    throw new DataFileError(
      `${quote(name)} has a single column: choose a CSV whose cells are separated by commas, semicolons or tabs.`,
    );
  if (first.length > maxColumns)
    throw new DataFileError(
      `${quote(name)} has ${number(first.length)} columns, and at most ${number(maxColumns)} can be used: leave some out.`,
    );
  const header = isHeader(first, others);
  const columns = first.map((cell, i) => (header && brief(cell)) || `column ${i + 1}`);
  const sample = (header ? others : rows).slice(0, sampleRows).map((row) => row.map(brief));
  if (sample.length === 0)
    throw new DataFileError(
      `${quote(name)} has a header but no rows: choose a CSV with a row for each example.`,
    );
  const named = columns.findIndex((column) => /^(label|class|target|species|category|digit)$/i.test(column));
  const suggestion = named >= 0 ? named : columns.length - 1;
  return { delimiter: meta.delimiter, header, columns, sample, suggestion };
}

/**
 * Whether the first row names the columns: it has words above columns that mostly hold numbers. Its own numbers, if it
 * has any, must count on from 0 or 1, as those of pixels do; otherwise the word is a mistake in a row of data.
 */
function isHeader(first: string[], others: string[][]): boolean {
  const wordAboveNumbers = first.some((cell, i) => {
    const below = others.map((row) => row[i] ?? '').filter((other) => other.trim() !== '');
    return !isNumber(cell) && below.length > 0 && 2 * below.filter(isNumber).length >= below.length;
  });
  const numbers = first.filter(isNumber).map(numberIn);
  const start = numbers[0] === 1 ? 1 : 0;
  return wordAboveNumbers && numbers.every((value, i) => value === start + i);
}

interface Table {
  features: number;
  /** rows x features, row-major. */
  values: Float64Array;
  /** Class of each row, and the classes' names in their order. */
  labels: Uint8Array;
  classNames: string[];
}

/**
 * The dataset of a table, split 80 to 20 with each class in proportion; `random` decides the split. Features are
 * standardised by the training part's mean and standard deviation (constant ones become 0). Throws DataFileError that
 * names file, line and column.
 */
export function csvDataset(text: string, name: string, labelColumn: number, random: Random): Dataset {
  const table = read(text, name, layoutOf(text, name), labelColumn);
  const { features, values, labels, classNames } = table;
  const [train, test] = stratify(labels, random);
  const standardise = standardiser(table, train);
  const part = (rows: Int32Array): Split => {
    const x = new Float32Array(rows.length * features);
    rows.forEach((row, i) => {
      for (let f = 0; f < features; f++) x[i * features + f] = standardise(f, values[row * features + f]!);
    });
    return { count: rows.length, x, y: Uint8Array.from(rows, (row) => labels[row]!) };
  };
  const view = features === 2 ? 'points' : 'table';
  const training = part(train);
  const parts = { train: training, validation: emptySplit(training), test: part(test) };
  return { view, inputShape: [features], classNames, labelsPerExample: 1, ...parts };
}

function read(text: string, name: string, layout: Layout, labelColumn: number): Table {
  const { columns, delimiter } = layout;
  const file = quote(name);
  const label = columns[labelColumn];
  if (label === undefined)
    throw new DataFileError(
      `${file} has ${count(columns.length, 'column')}, so there is no column ${labelColumn + 1}: choose the label column again.`,
    );
  const features = columns.length - 1;
  let values = new Float64Array(64 * features);
  const classes = new Map<string, number>();
  const labels: number[] = [];
  let line = 1;
  let headerPending = layout.header;
  /** Whether cells may hold line breaks. */
  const quoted = text.includes('"');

  const cellError = (column: number, text: string) =>
    new DataFileError(`${file}, line ${number(line)}, column ${quote(columns[column]!)}: ${text}`);
  const readRow = (row: string[]) => {
    if (row.length !== columns.length)
      throw new DataFileError(
        `${file}, line ${number(line)}: it has ${count(row.length, 'cell')} where the first line has ${columns.length}; give every line the same cells.`,
      );
    const start = labels.length * features;
    if (labels.length === maxExamples || start + features > maxValues)
      throw new DataFileError(
        `${file} has more than ${count(labels.length, 'row')} of ${count(columns.length, 'column')}, which is too much for a browser: use a part of them.`,
      );
    if (start + features > values.length) {
      const grown = new Float64Array(2 * values.length);
      grown.set(values);
      values = grown;
    }
    let feature = start;
    row.forEach((cell, column) => {
      const trimmed = cell.trim();
      if (trimmed === '') throw cellError(column, 'the cell is empty; fill it in or leave the row out.');
      const value = numberIn(trimmed);
      if (column === labelColumn) {
        // "1" and "1.0" are one class.
        const key = Number.isNaN(value) ? trimmed : String(value + 0);
        if (!classes.has(key)) classes.set(key, classes.size);
        if (classes.size > maxClasses)
          throw new DataFileError(
            `${file} has more than ${maxClasses} different values in column ${quote(label)}: choose the column that holds the class.`,
          );
        labels.push(classes.get(key)!);
      } else if (!(Math.abs(value) <= largest))
        throw cellError(column, `${quote(trimmed)} is not a number; correct it or leave the column out.`);
      else values[feature++] = value;
    });
  };

  Papa.parse<string[]>(text, {
    delimiter,
    step: ({ data, errors: [problem] }) => {
      if (problem?.type === 'Quotes')
        throw new DataFileError(
          `${file}, line ${number(line)}: a quotation mark is not closed or stands within a cell; double the marks that belong to the text.`,
        );
      if (!isBlank(data)) {
        if (headerPending) headerPending = false;
        else readRow(data);
      }
      line++;
      if (quoted) for (const cell of data) line += lineBreaks(cell);
    },
  });

  if (labels.length < 2)
    throw new DataFileError(
      `${file} has a single row, which cannot be split into training and test: add rows.`,
    );
  if (classes.size < 2)
    throw new DataFileError(
      `${file} has the same value in every row of column ${quote(label)}: choose the column that holds the class.`,
    );
  const classNames = [...classes.keys()].sort(
    [...classes.keys()].every(isNumber) ? (a, b) => Number(a) - Number(b) : undefined,
  );
  const rank = [...classes.keys()].map((key) => classNames.indexOf(key));
  return {
    features,
    values,
    labels: Uint8Array.from(labels, (id) => rank[id]!),
    classNames: classNames.map(brief),
  };
}

/** Maps a feature's value to its distance from the mean of the given rows, in standard deviations. */
function standardiser({ features, values }: Table, rows: Int32Array) {
  const mean = new Float64Array(features);
  const deviation = new Float64Array(features);
  for (const row of rows) {
    for (let f = 0; f < features; f++) mean[f]! += values[row * features + f]! / rows.length;
  }
  for (const row of rows) {
    for (let f = 0; f < features; f++) {
      const difference = values[row * features + f]! - mean[f]!;
      deviation[f]! += difference * difference;
    }
  }
  for (let f = 0; f < features; f++) {
    const found = Math.sqrt(deviation[f]! / rows.length);
    // A constant column may show a deviation by the rounding of its mean.
    deviation[f] = found > 1e-12 * Math.abs(mean[f]!) ? found : 0;
  }
  return (f: number, value: number) =>
    deviation[f] === 0 ? 0 : Math.min(furthest, Math.max(-furthest, (value - mean[f]!) / deviation[f]!));
}
