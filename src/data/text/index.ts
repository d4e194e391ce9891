/** Text datasets: prompts with their exact answers, for a network that predicts the next character. */
import {
  datasetInfo,
  datasetKinds,
  type GeneratedSpec,
  type TextInfo,
  type TextKind,
} from '@/catalog/datasets';
import type { Dataset, Split } from '../dataset';
import type { Random } from '../random';
import { idsOf } from './encode';
import { textTasks } from './tasks';

export { answerOf, encodePrompt, type Prompt, promptOf, textOf } from './encode';
export { answerTo } from './tasks';

export type TextSpec = Extract<GeneratedSpec, { kind: TextKind }>;

/**
 * The three parts of a text dataset. Every prompt is drawn once, so that no two parts share one. The input is the prompt
 * and its answer; the label of a position is the character after it, asked about from the answer mark on: the answer and
 * its end.
 */
export function textParts(spec: TextSpec, random: Random): Pick<Dataset, 'train' | 'validation' | 'test'> {
  const { train, validation, test } = datasetInfo(spec);
  const { text } = datasetKinds[spec.kind];
  const prompts = textTasks[spec.kind].prompts(spec.samples, random);
  const part = (from: number, count: number) => split(spec.kind, text, prompts.slice(from, from + count));
  return {
    train: part(0, train),
    validation: part(train, validation),
    test: part(train + validation, test),
  };
}

function split(kind: TextKind, info: TextInfo, prompts: readonly string[]): Split {
  const { length, padding, end } = info;
  const x = new Float32Array(prompts.length * length).fill(padding);
  const y = new Int8Array(prompts.length * length).fill(-1);
  prompts.forEach((prompt, row) => {
    const line = [...idsOf(info, prompt + textTasks[kind].answer(prompt)), end];
    x.set(line.slice(0, -1), row * length);
    y.set(line.slice(prompt.length), row * length + prompt.length - 1);
  });
  return { count: prompts.length, x, y };
}
