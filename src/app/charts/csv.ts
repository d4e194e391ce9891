/** Tables as CSV files (RFC 4180, lines ended by LF). */

export type Cell = number | string | null | undefined;

/** Text that a spreadsheet would take for a formula is kept text by a quote before it. */
function cell(value: Cell): string {
  if (typeof value !== 'string') return String(value ?? '');
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param rows the head first */
export const csv = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
