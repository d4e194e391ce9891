import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { generate as makeDataset } from '@/data/generate';
import { experimentFor } from '@/experiment/presets';
import { spearman } from '@/experiment/statistics';
import { startBackend } from '@/kernels/testing/node';
import { Stepper } from '../stepper';
import { Trainer } from '../trainer';
import { measureRobustness } from './robustness';
import { measureSensitivity } from './sensitivity';

beforeAll(() => startBackend('wasm'));
const on = async () => true;
const dataset = { kind: 'moons', samples: 400, noise: 0.1, testShare: 0.3, validationShare: 0.2 } as const;
const experiment = experimentFor(dataset, 3);

async function trained(steps: number) {
  const trainer = new Trainer(experiment, makeDataset(dataset, 3));
  await new Stepper(trainer, () => [], true).burst(Number.POSITIVE_INFINITY, steps);
  return trainer;
}

test('sensitivity is measured on validation data, grows as bits fall, and leaves the run as it was', async () => {
  const trainer = await trained(150);
  const before = await trainer.checkpoint();
  const tensors = tf.memory().numTensors;
  const found = (await measureSensitivity(trainer.probed, on))!;
  expect(tf.memory().numTensors).toBe(tensors);
  expect(await trainer.checkpoint()).toEqual(before);
  expect(found.part).toBe('validation');
  expect(found.examples).toBe(trainer.dataset.validation.count);
  expect(found.layers.map(({ name }) => name)).toEqual(['dense1', 'dense2', 'dense3']);
  for (const { weights, activations, name } of found.layers) {
    expect(weights!.map(({ bits }) => bits)).toEqual([8, 6, 5, 4, 3, 2, 1]);
    expect(Math.abs(weights![0]!.loss)).toBeLessThan(0.02);
    expect(weights!.at(-1)!.loss).toBeGreaterThan(weights![0]!.loss);
    // Logits are not rounded.
    expect(activations === undefined).toBe(name === 'dense3');
  }
  trainer.dispose();
});

test('the estimated trace is that of the Hessian, found entry by entry', async () => {
  const trainer = await trained(60);
  const found = (await measureSensitivity(trainer.probed, on))!;
  const { variables, dataset: data } = trainer.probed;
  const weights = variables.get('dense1/weights')!;
  const values = Float64Array.from(await weights.data());
  const at = async (name: string) => Float64Array.from(await variables.get(name)!.data());
  const layers: { w: Float64Array; b: Float64Array }[] = [];
  for (const layer of ['dense1', 'dense2', 'dense3'])
    layers.push({ w: await at(`${layer}/weights`), b: await at(`${layer}/biases`) });
  const { x, y, count } = data.validation;
  const examples = Math.min(count, 256);
  /** The loss in float64 with other weights in the first layer. */
  const loss = (first: Float64Array) => {
    let total = 0;
    for (let i = 0; i < examples; i++) {
      let h: number[] = [x[2 * i]!, x[2 * i + 1]!];
      layers.forEach(({ w, b }, index) => {
        const used = index === 0 ? first : w;
        h = Array.from(b, (bias, o) => {
          const z = h.reduce((sum, v, k) => sum + v * used[k * b.length + o]!, bias);
          return index < 2 ? Math.max(0, z) : z;
        });
      });
      const most = Math.max(...h);
      total += Math.log(h.reduce((sum, z) => sum + Math.exp(z - most), 0)) + most - h[y[i]!]!;
    }
    return total / examples;
  };
  const step = 1e-3;
  const middle = loss(values);
  const trace = values.reduce((sum, value, i) => {
    const [up, down] = [values.with(i, value + step), values.with(i, value - step)];
    return sum + (loss(up) - 2 * middle + loss(down)) / step ** 2;
  }, 0);
  const { trace: estimated = 0, traceError = 0 } = found.layers[0]!;
  expect(Math.abs(estimated - trace / values.length)).toBeLessThan(
    4 * traceError + 0.1 * Math.abs(trace / values.length),
  );
  trainer.dispose();
});

test('robustness: without noise the accuracies are those of the test set, with much of it less', async () => {
  const trainer = await trained(150);
  await trainer.calibrate();
  const found = (await measureRobustness(trainer, on))!;
  expect(found.corruptions.map(({ name }) => name)).toEqual(['noise']);
  const { points } = found.corruptions[0]!;
  expect(points[0]!.float).toBeGreaterThan(0.85);
  expect(points.at(-1)!.float).toBeLessThan(points[0]!.float);
  let asked = 0;
  expect(await measureRobustness(trainer, async () => ++asked < 3)).toBeUndefined();
  trainer.dispose();
});

test('rank correlation', () => {
  expect(spearman([1, 2, 3, 4], [10, 20, 30, 40])).toBe(1);
  expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  // scipy.stats.spearmanr([1, 2, 2, 5], [3, 1, 4, 9])
  expect(spearman([1, 2, 2, 5], [3, 1, 4, 9])).toBeCloseTo(0.6325, 4);
  expect(spearman([1, 2], [1, 2])).toBeUndefined();
});
