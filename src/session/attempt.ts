/** What the three networks make of one example that a person gives: a drawn image, or a prompt to be gone on with. */
import * as tf from '@tensorflow/tfjs-core';
import { volume } from '@/catalog/layers';
import type { NetworkName } from './networkNames';
import type { Answer, Answers, Attempt } from './protocol';
import type { Trainer } from './trainer';

/**
 * Answers of these networks. PTQ must be calibrated before.
 * @returns undefined where the example does not fit the network's input: it was meant for other data
 */
export async function answersTo(
  trainer: Trainer,
  attempt: Attempt,
  names: readonly NetworkName[],
): Promise<Answers | undefined> {
  const answers: Answers = {};
  for (const name of names) {
    const answer =
      attempt.kind === 'image'
        ? await classOf(trainer, name, attempt.pixels)
        : await completionOf(trainer, name, attempt);
    if (!answer) return undefined;
    answers[name] = answer;
  }
  return answers;
}

/** @param pixels [height x width x channels], 0 to 1 */
async function classOf(
  trainer: Trainer,
  name: NetworkName,
  pixels: Float32Array,
): Promise<Answer | undefined> {
  const { inputShape, view } = trainer.dataset;
  if (view !== 'images' || pixels.length !== volume(inputShape)) return undefined;
  const values = await logitsOf(trainer, name, pixels);
  return { kind: 'image', probabilities: softmax(values) };
}

/** Takes the likeliest symbol each time, until the end mark or until the line is full. */
async function completionOf(
  trainer: Trainer,
  name: NetworkName,
  { ids, padding, end }: Extract<Attempt, { kind: 'text' }>,
): Promise<Answer | undefined> {
  const { inputShape, classNames, view } = trainer.dataset;
  const [length = 0] = inputShape;
  const known = (id: number) => Number.isInteger(id) && id >= 0 && id < classNames.length;
  if (view !== 'text' || ids.length === 0 || ids.length > length || ![...ids, padding, end].every(known))
    return undefined;
  const line = new Float32Array(length).fill(padding);
  line.set(ids);
  const answer: Extract<Answer, { kind: 'text' }> = { kind: 'text', ids: [], confidence: [] };
  for (let at = ids.length; at <= length; at++) {
    const values = await logitsOf(trainer, name, line);
    const classes = classNames.length;
    const probabilities = softmax(values.subarray((at - 1) * classes, at * classes));
    const next = probabilities.indexOf(Math.max(...probabilities));
    if (next < 0) break;
    answer.ids.push(next);
    answer.confidence.push(probabilities[next]!);
    if (next === end || at === length) break;
    line[at] = next;
  }
  return answer;
}

async function logitsOf(trainer: Trainer, name: NetworkName, values: Float32Array): Promise<Float32Array> {
  const logits = tf.tidy(() =>
    trainer.logits(name, tf.tensor(values, [1, ...trainer.dataset.inputShape], 'float32')),
  );
  try {
    return (await logits.data()) as Float32Array;
  } finally {
    logits.dispose();
  }
}

function softmax(values: ArrayLike<number>): number[] {
  const list = Array.from(values);
  const most = Math.max(...list);
  const powers = list.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
