/** The table of runs as CSV and JSON. Accuracies are fractions, sizes bytes, times ms; links carry the experiments. */
import { encodeLink } from '@/experiment/link';
import type { Experiment } from '@/experiment/schema';
import { type Cell, csv } from '../charts/csv';
import type { Row } from './rows';

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

export function tableAsCsv(rows: readonly Row[]): string {
  const records = rows.map(record);
  const keys = Object.keys(records[0] ?? {});
  return csv([keys, ...records.map((one) => keys.map((key) => one[key]))]);
}

export const tableAsJson = (rows: readonly Row[]): string =>
  `${JSON.stringify(rows.map(record), undefined, 2)}\n`;
