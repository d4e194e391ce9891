/** Lowering of trained networks: the integer engine follows the network that was trained. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { volume } from '@/catalog/layers';
import { startBackend } from '@/kernels/testing/node';
import { range, rowsOf } from '@/session/batches';
import { trainedPreset } from '@/session/testing/trained';
import { IntegerEngine, quantizeInput } from '../engine';
import { takeSnapshot } from '../snapshot';
import { lower } from './index';

beforeAll(() => startBackend('wasm'));

describe.each(['mlp', 'cnn', 'depthwise', 'resnet'] as const)('%s', (name) => {
  test('the logits of the integer engine are those of the trained network, but for single steps', async () => {
    const trainer = trainedPreset(name, 12);
    const { test: split, inputShape } = trainer.dataset;
    const batch = rowsOf(split, inputShape, range(0, 40));
    const probe = tf.slice(batch.x, 0, 1);
    const program = lower(await takeSnapshot(trainer.readable('qat'), probe));
    const logits = tf.tidy(() => trainer.logits('qat', batch.x));
    const expected = await logits.data();
    const numbers = await batch.x.data();
    const engine = new IntegerEngine(program);
    const size = volume(inputShape);
    const { scale } = program.values[program.output]!.grid;
    const found = range(0, 40).flatMap((i) => {
      const input = quantizeInput(program, numbers.subarray(i * size, (i + 1) * size));
      return Array.from(engine.run(input), (q) => q * scale);
    });
    const spread = Math.max(...expected.map(Math.abs));
    const errors = found.map((value, i) => Math.abs(value - expected[i]!) / spread);
    // Single steps where the trained network's float rounding falls on the other side of a tie.
    expect(errors.filter((error) => error > 1e-3).length).toBeLessThan(0.05 * errors.length);
    expect(Math.max(...errors)).toBeLessThan(0.2);
    expect(program.floats).toEqual([]);
    tf.dispose([batch.x, batch.y, probe, logits]);
    trainer.dispose();
  });
});
