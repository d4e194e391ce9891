/** Batch norm in evaluation: the folded network says what the unfolded one says, and its accuracy is the one shown. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DatasetSpec, datasetKinds } from '@/catalog/datasets';
import { generate } from '@/data/generate';
import { resolveNetwork } from '@/experiment/network';
import { experimentFor, networkPresets } from '@/experiment/presets';
import { expectCloseArrays } from '@/kernels/testing/arrays';
import { startBackend } from '@/kernels/testing/node';
import { plainForward } from '@/model/testing/plain';
import { range, rowsOf } from './batches';
import { TestSet } from './evaluate';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const dataset: DatasetSpec = { ...datasetKinds.digits.defaults, samples: 300, testShare: 0.2 };
const examples = 4;

function trained(network: 'resnet' | 'depthwise', steps: number) {
  const experiment = {
    ...experimentFor(dataset, 3),
    layers: networkPresets[network].layers,
    batchSize: 32,
  };
  if (dataset.kind === 'own') throw new Error('generated data only');
  const trainer = new Trainer(experiment, generate(dataset, 3));
  for (let i = 0; i < steps; i++) {
    const batch = trainer.nextBatch();
    for (const twin of ['float', 'qat'] as const) trainer.train(twin, batch).dispose();
    tf.dispose([batch.x, batch.y]);
    trainer.advance();
  }
  return { experiment, trainer };
}

describe.each(['resnet', 'depthwise'] as const)('%s', (network) => {
  test('folded and unfolded batch norm agree to 1e-5', async () => {
    const { experiment, trainer } = trained(network, 30);
    const { tensors } = await trainer.checkpoint();
    const own = new Map(
      Object.entries(tensors)
        .filter(([name]) => name.startsWith('float/'))
        .map(([name, values]) => [name.slice('float/'.length), Array.from(values)]),
    );
    // Statistics have moved from where they began, or there would be nothing to fold.
    expect(
      own
        .get('conv1/running')!
        .slice(0, 3)
        .every((mean) => Math.abs(mean) > 1e-3),
    ).toBe(true);
    const { test: set, inputShape } = trainer.dataset;
    const batch = rowsOf(set, inputShape, range(0, examples));
    const logits = trainer.logits('float', batch.x);
    const unfolded = plainForward(
      resolveNetwork(experiment),
      { shape: batch.x.shape, values: Array.from(batch.x.dataSync()) },
      own,
    );
    expectCloseArrays(logits.dataSync(), unfolded.values, 1e-5);
    tf.dispose([batch.x, batch.y, logits]);
    trainer.dispose();
  });

  test('the accuracy shown is that of the folded network, whatever is evaluated together', async () => {
    const { trainer } = trained(network, 12);
    trainer.calibrate();
    const set = new TestSet(trainer);
    const { test: parts, inputShape } = trainer.dataset;
    for (const name of ['float', 'qat', 'ptq'] as const) {
      const shown = await set.evaluate(name);
      let right = 0;
      for (let i = 0; i < parts.count; i++) {
        // Alone, an example has no batch to take statistics from.
        const one = rowsOf(parts, inputShape, range(i, i + 1));
        const logits = trainer.logits(name, one.x);
        const [best] = tf.tidy(() => tf.argMax(logits, -1).dataSync());
        expect(best).toBe(shown.predicted[i]);
        right += Number(best === parts.y[i]);
        tf.dispose([one.x, one.y, logits]);
      }
      expect(right / parts.count).toBe(shown.accuracy);
    }
    set.dispose();
    trainer.dispose();
  });
});
