/** The table of runs as CSV and JSON. Accuracies are fractions, sizes bytes, times ms; links carry the experiments. */
import { encodeLink } from '@/experiment/link';
import type { Experiment } from '@/experiment/schema';
import type { Row } from './rows';

type Cell = number | string | null;

/** A row's values under the names that both files use. */
function record(row: Row): Record<string, Cell> {
  const [first] = row.runs;
  return {
    run: row.name,
    seeds: row.runs.length,
    weight_bits: row.weightBits.join(' '),
    activation_bits: row.activationBits ?? null,
    steps: row.steps,
    qat_accuracy: row.qat.mean,
    qat_deviation: row.qat.spread,
    ptq_accuracy: row.ptq?.mean ?? null,
    ptq_deviation: row.ptq?.spread ?? null,
    float_accuracy: row.float.mean,
    float_deviation: row.float.spread,
    bytes: row.size,
    float_bytes: row.floatSize,
    bops: row.bops,
    qat_step_ms: row.stepMs,
    float_step_ms: row.floatStepMs,
    qat_ms_to_accuracy: row.time,
    float_ms_to_accuracy: row.floatTime,
    backend: first?.backend ?? null,
    link: first ? link(first.experiment, row.steps) : null,
  };
}

const link = (experiment: Experiment, steps: number) =>
  `#${encodeLink({ ...experiment, stop: { ...experiment.stop, steps } })}`;

/** Text that a spreadsheet would take for a formula is kept text by a quote before it. */
const cell = (value: Cell): string => {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export function tableAsCsv(rows: readonly Row[]): string {
  const records = rows.map(record);
  const keys = Object.keys(records[0] ?? {});
  return `${[keys, ...records.map((one) => keys.map((key) => cell(one[key] ?? null)))].map((line) => line.join(',')).join('\n')}\n`;
}

export const tableAsJson = (rows: readonly Row[]): string =>
  `${JSON.stringify(rows.map(record), undefined, 2)}\n`;
