/** The columns of the table of runs: one entry each, read by the table, the CSV and the JSON. */
import { bytes, dash, figures, minus, msNumber, percentNumber, short } from '../format';
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

const difference = ({ qat, float }: Row): string => {
  const points = (100 * (qat.mean - float.mean)).toFixed(1);
  return Number(points) === 0 ? '0.0' : Number(points) < 0 ? points.replace('-', minus) : `+${points}`;
};

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
  difference: {
    label: 'Against float',
    unit: 'pt',
    help: 'QAT minus float, in percentage points.',
    value: ({ qat, float }) => qat.mean - float.mean,
    text: difference,
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
    label: 'Step',
    unit: 'ms',
    help: 'Median time of a QAT training step.',
    value: ({ stepMs }) => stepMs,
    text: ({ stepMs }) => orDash(stepMs, msNumber),
  },
  overhead: {
    label: '× float',
    help: 'Time of a QAT step over that of a float step: what rounding costs while training.',
    value: ({ stepMs, floatStepMs }) => (stepMs && floatStepMs ? stepMs / floatStepMs : null),
    text: ({ stepMs, floatStepMs }) => (stepMs && floatStepMs ? figures(stepMs / floatStepMs, 3) : dash),
  },
  time: {
    label: 'To accuracy',
    help: 'QAT’s training time until it first had the accuracy shown: steps to it times the median time of a step. Evaluations do not count.',
    value: ({ time }) => time,
    text: ({ time }) => orDash(time, duration),
  },
  floatTime: {
    label: 'Float to accuracy',
    help: 'The float network’s training time until it first had its own accuracy.',
    value: ({ floatTime }) => floatTime,
    text: ({ floatTime }) => orDash(floatTime, duration),
  },
  steps: {
    label: 'Steps',
    help: 'Training steps done.',
    value: ({ steps }) => steps,
    text: ({ steps }) => steps.toLocaleString('en-US'),
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
