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
