/** What the chart of all runs has accuracy against. */
import { bytes, short } from '../format';
import { duration } from './columns';
import type { Row } from './rows';

export interface CostAxis {
  label: string;
  title: string;
  /** Under the title. */
  note: string;
  value(row: Row): number | null;
  text(value: number): string;
  /** What ticks are round numbers of, 1 if absent. */
  unit?(largest: number): number;
  /** A tick's text, if not that of a value. */
  tick?(value: number): string;
  /** The float network's cost, where it can be told for all runs at once. */
  float?(row: Row): number;
}

export const costAxes = {
  size: {
    label: 'Size',
    title: 'Accuracy against size',
    note: 'QAT test accuracy, %; packed bytes, log scale',
    value: ({ size }) => size,
    text: bytes,
    // Powers of 1024, as they are written; "5 KB" instead of "5.00 KB".
    unit: (largest) => 1024 ** Math.max(0, Math.floor(Math.log(largest) / Math.log(1024))),
    tick: (value) => bytes(value).replace(/\.?0+ (?=[KMG])/, ' '),
    float: ({ floatSize }) => floatSize,
  },
  bops: {
    label: 'BOPs',
    title: 'Accuracy against bit operations',
    note: 'QAT test accuracy, %; BOPs for one example, log scale',
    value: ({ bops }) => bops,
    text: short,
  },
  time: {
    label: 'Time',
    title: 'Accuracy against training time',
    note: 'QAT test accuracy, %; training time to it, log scale',
    value: ({ time }) => time,
    text: duration,
  },
} as const satisfies Record<string, CostAxis>;

export type CostAxisKey = keyof typeof costAxes;
export const costAxisKeys = Object.keys(costAxes) as CostAxisKey[];
