/** What is wrong with a file that the person gave, in one sentence for the person: which file, what, what to do. */
export class DataFileError extends Error {
  override name = 'DataFileError';
}

/** Longest piece of a file that a message quotes. */
const longest = 60;

/** A file's name or a cell as one line, not longer than a message or a table can bear. */
export function brief(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

export const quote = (text: string) => `"${brief(text)}"`;

/** A count as the page writes it: 12,345. */
export const number = (value: number): string => value.toLocaleString('en');

/** "1 row", "2 rows". */
export const count = (value: number, noun: string): string =>
  `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
