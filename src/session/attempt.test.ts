/** An example that a person gives is answered as the evaluation of the test set answers it. */
import { beforeAll, expect, test } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { generate } from '@/data/generate';
import { answerOf, promptOf } from '@/data/text';
import { experimentFor } from '@/experiment/presets';
import { startBackend } from '@/kernels/testing/node';
import { answersTo } from './attempt';
import { TestSet } from './evaluate';
import { networks } from './networkNames';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

function trained(dataset: Parameters<typeof generate>[0], steps: number): Trainer {
  const trainer = new Trainer({ ...experimentFor(dataset, 2), batchSize: 32 }, generate(dataset, 2));
  for (let i = 0; i < steps; i++) {
    const batch = trainer.nextBatch();
    for (const twin of ['float', 'qat'] as const) trainer.train(twin, batch).dispose();
    batch.x.dispose();
    batch.y.dispose();
    trainer.advance();
  }
  trainer.calibrate();
  return trainer;
}

test('an image gets the class that the evaluation gives it, with probabilities', async () => {
  const trainer = trained({ ...datasetKinds.digits.defaults, samples: 300 }, 30);
  const { test: part } = trainer.dataset;
  const set = new TestSet(trainer);
  for (const network of networks) {
    const { predicted } = await set.evaluate(network);
    for (const row of [0, 7, 31]) {
      const pixels = Float32Array.from(part.x.subarray(row * 784, (row + 1) * 784), (value) =>
        part.x instanceof Uint8Array ? value / 255 : value,
      );
      const answer = (await answersTo(trainer, { kind: 'image', pixels }, [network]))?.[network];
      if (answer?.kind !== 'image') throw new Error('no answer');
      expect(answer.probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
      expect(answer.probabilities.indexOf(Math.max(...answer.probabilities))).toBe(predicted[row]);
    }
  }
  set.dispose();
  trainer.dispose();
});

test('a prompt is gone on with as the evaluation says: right where every symbol is', async () => {
  const trainer = trained({ ...datasetKinds.brackets.defaults, samples: 600 }, 60);
  const { text } = datasetKinds.brackets;
  const { x, count } = trainer.dataset.test;
  const set = new TestSet(trainer);
  const { predicted } = await set.evaluate('qat');
  const seen = new Set<number>();
  for (let row = 0; row < Math.min(count, 40); row++) {
    const line = x.subarray(row * text.length, (row + 1) * text.length);
    const ids = [...promptOf(text, line)].map((character) => text.vocabulary.indexOf(character));
    const attempt = { kind: 'text', ids, padding: text.padding, end: text.end } as const;
    const answer = (await answersTo(trainer, attempt, ['qat']))?.qat;
    if (answer?.kind !== 'text') throw new Error('no answer');
    const written = answerOf(text, [...ids, ...answer.ids]);
    const whole = written === answerOf(text, line) && answer.ids.at(-1) === text.end;
    expect(Number(whole)).toBe(predicted[row]);
    expect(answer.confidence).toHaveLength(answer.ids.length);
    for (const share of answer.confidence) expect(share).toBeGreaterThanOrEqual(1 / text.vocabulary.length);
    seen.add(predicted[row]!);
  }
  expect(seen).toEqual(new Set([0, 1]));
  set.dispose();
  trainer.dispose();
});

test('an example for other data has no answer', async () => {
  const trainer = trained({ ...datasetKinds.brackets.defaults, samples: 200 }, 0);
  const { padding, end, length } = datasetKinds.brackets.text;
  const ask = (ids: number[]) => answersTo(trainer, { kind: 'text', ids, padding, end }, ['float']);
  expect(
    await answersTo(trainer, { kind: 'image', pixels: new Float32Array(784) }, ['float']),
  ).toBeUndefined();
  expect(await ask([])).toBeUndefined();
  expect(await ask([0, 99])).toBeUndefined();
  expect(await ask(new Array(length + 1).fill(0))).toBeUndefined();
  expect(await ask([0, 1])).toHaveProperty('float.kind', 'text');
  trainer.dispose();
});
