/** The columns of the table of runs: one entry each, read by the table, the CSV and the JSON. */
import { bytes, dash, figures, msNumber, percentNumber, short } from '../format';
import type { Row, Stat } from './rows';

export interface Column {
  label: string;
  unit?: string;
  help: string;
  /** What is sorted by and saved; null where there is nothing. */
  value(row: Row): number | string | null;
  /** As the table shows it; absent where the table draws a picture. */
  text?(row: Row): string;
  /** Sorted from the largest down at first. */
  descending?: true;
}

const accuracy = (stat: Stat | null): string =>
  stat === null
    ? dash
    : `${percentNumber(stat.mean)}${stat.spread > 0 ? ` ± ${percentNumber(stat.spread)}` : ''}`;

/** 0.42 s, 12.3 s, 4.2 min. */
export function duration(ms: number): string {
  if (ms < 59_950) return `${figures(ms / 1000, ms < 1000 ? 2 : 3)} s`;
  const minutes = ms / 60_000;
  return minutes < 59.95 ? `${figures(minutes, 2)} min` : `${figures(minutes / 60, 2)} h`;
}

const orDash = (value: number | null, write: (value: number) => string) =>
  value === null ? dash : write(value);

export const columns = {
  name: {
    label: 'Run',
    help: 'Named by what differs from the others. Press a name to restore its experiment.',
    value: ({ name }) => name,
  },
  weightBits: {
    label: 'Weight bits',
    help: 'Bits of the weights, layer by layer.',
    value: ({ weightBits }) => weightBits.join(' '),
  },
  activationBits: {
    label: 'A bits',
    help: 'Bits of the outputs of all layers but the last.',
    value: ({ activationBits }) => activationBits ?? null,
    text: ({ activationBits }) => (activationBits === undefined ? 'mixed' : String(activationBits)),
  },
  qat: {
    label: 'QAT',
    unit: '%',
    help: 'Test accuracy of the network trained at these bits; over several seeds mean ± standard deviation.',
    value: ({ qat }) => qat.mean,
    text: ({ qat }) => accuracy(qat),
    descending: true,
  },
  ptq: {
    label: 'PTQ',
    unit: '%',
    help: 'Test accuracy of the float network rounded afterwards.',
    value: ({ ptq }) => ptq?.mean ?? null,
    text: ({ ptq }) => accuracy(ptq),
    descending: true,
  },
  float: {
    label: 'Float',
    unit: '%',
    help: 'Test accuracy of the float network, trained on the same batches.',
    value: ({ float }) => float.mean,
    text: ({ float }) => accuracy(float),
    descending: true,
  },
  size: {
    label: 'Size',
    help: 'Bytes of the packed model.',
    value: ({ size }) => size,
    text: ({ size }) => bytes(size),
  },
  bops: {
    label: 'BOPs',
    help: 'Bit operations for one example: multiply-accumulates times the bits of both factors.',
    value: ({ bops }) => bops,
    text: ({ bops }) => short(bops),
  },
  stepMs: {
    label: 'Step, float / QAT',
    unit: 'ms',
    help: 'Median time of a training step of the float and of the QAT network: the difference is what rounding costs.',
    value: ({ stepMs }) => stepMs,
    text: ({ stepMs, floatStepMs }) =>
      stepMs === null ? dash : `${orDash(floatStepMs, msNumber)} / ${msNumber(stepMs)}`,
  },
  time: {
    label: 'To accuracy, float / QAT',
    help: 'Training time until each network first had the accuracy shown: steps to it times the median time of a step. Evaluations do not count.',
    value: ({ time }) => time,
    text: ({ time, floatTime }) =>
      time === null ? dash : `${orDash(floatTime, duration)} / ${duration(time)}`,
  },
} as const satisfies Record<string, Column>;

export type ColumnKey = keyof typeof columns;
export const columnKeys = Object.keys(columns) as ColumnKey[];

export interface Sorting {
  by: ColumnKey;
  down: boolean;
}

const collator = new Intl.Collator('en', { numeric: true });

/** The rows in order of a column; those without a value come last either way, equal ones keep their order. */
export function sorted(rows: readonly Row[], { by, down }: Sorting): Row[] {
  const { value }: Column = columns[by];
  return rows.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : collator.compare(`${x}`, `${y}`);
    return down ? -order : order;
  });
}
