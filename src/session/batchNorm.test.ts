/** Batch norm in a run: statistics that follow, stand still, or are made anew; damping and freezing where it is folded. */
import { beforeAll, describe, expect, test } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { layerKinds } from '@/catalog/layers';
import { generate } from '@/data/generate';
import { experimentFor } from '@/experiment/presets';
import type { Edit, Experiment } from '@/experiment/schema';
import { rows } from '@/kernels/oscillation';
import { startBackend } from '@/kernels/testing/node';
import { rowsOf } from './batches';
import type { Checkpoint } from './protocol';
import { estimationBatches, Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const dataset = { ...datasetKinds.moons.defaults, samples: 400, testShare: 0.5 } as const;
const dense = layerKinds.dense.defaults;
const experiment: Experiment = {
  ...experimentFor(dataset, 3),
  layers: [
    { ...dense, units: 6, norm: 'batch', activation: 'linear' },
    { ...dense, units: 5, norm: 'batch' },
    (({ units: _, ...last }) => ({ ...last, activation: 'linear' as const }))(dense),
  ],
  batchSize: 20,
};
const make = (changes: Partial<Experiment> = {}) =>
  new Trainer({ ...experiment, ...changes }, generate(dataset, 3));

function steps(trainer: Trainer, count: number): void {
  for (let i = 0; i < count; i++) {
    const batch = trainer.nextBatch();
    for (const twin of ['float', 'qat'] as const) trainer.train(twin, batch).dispose();
    batch.x.dispose();
    batch.y.dispose();
    trainer.advance();
  }
}
const running = ({ tensors }: Checkpoint, twin = 'float', layer = 'dense1') =>
  tensors[`${twin}/${layer}/running`]!;

/** Mean and unbiased variance of each unit of the float network's first layer over rows of the training part. */
function moments(trainer: Trainer, { tensors }: Checkpoint, rows: Int32Array | number[]) {
  const { train, inputShape } = trainer.dataset;
  const batch = rowsOf(train, inputShape, rows);
  const x = batch.x.dataSync();
  batch.x.dispose();
  batch.y.dispose();
  const w = tensors['float/dense1/weights']!;
  const units = 6;
  return Array.from({ length: units }, (_, u) => {
    const values = Array.from(rows, (_, i) => x[2 * i]! * w[u]! + x[2 * i + 1]! * w[units + u]!);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1);
    return { mean, variance };
  });
}
const expectClose = (seen: Float32Array, wanted: { mean: number; variance: number }[]) =>
  wanted.forEach(({ mean, variance }, u) => {
    expect(seen[u]).toBeCloseTo(mean, 4);
    expect(seen[wanted.length + u]).toBeCloseTo(variance, 4);
  });

describe('running statistics', () => {
  test('start with those of the first examples, and follow each batch by a tenth', async () => {
    const trainer = make();
    const before = await trainer.checkpoint();
    const all = Array.from({ length: trainer.dataset.train.count }, (_, i) => i);
    const start = moments(trainer, before, all);
    expectClose(running(before), start);
    const batch = moments(trainer, before, trainer.order.rows(0).slice());
    steps(trainer, 1);
    const after = await trainer.checkpoint();
    const mixed = (key: 'mean' | 'variance', u: number) => 0.9 * start[u]![key] + 0.1 * batch[u]![key];
    expectClose(
      running(after),
      start.map((_, u) => ({ mean: mixed('mean', u), variance: mixed('variance', u) })),
    );
    trainer.dispose();
  });

  test('stand still once frozen, from the start or from a step on, while the weights go on', async () => {
    const frozen = make({ batchNorm: 'frozen' });
    const start = await frozen.checkpoint();
    steps(frozen, 5);
    const later = await frozen.checkpoint();
    for (const twin of ['float', 'qat'] as const) {
      expect(running(later, twin)).toEqual(running(start, twin));
      expect(later.tensors[`${twin}/dense1/weights`]).not.toEqual(start.tensors[`${twin}/dense1/weights`]);
    }
    frozen.dispose();

    const trainer = make();
    steps(trainer, 6);
    await trainer.edit({ kind: 'batchNorm', value: 'frozen' });
    const held = running(await trainer.checkpoint(), 'qat', 'dense2');
    steps(trainer, 6);
    expect(running(await trainer.checkpoint(), 'qat', 'dense2')).toEqual(held);
    await trainer.edit({ kind: 'batchNorm', value: 'batch' });
    steps(trainer, 1);
    expect(running(await trainer.checkpoint(), 'qat', 'dense2')).not.toEqual(held);
    trainer.dispose();
  });

  test('are the mean over fifty batches after an estimate, which changes nothing else', async () => {
    const trainer = make();
    steps(trainer, 5);
    const before = await trainer.checkpoint();
    await trainer.edit({ kind: 'batchNorm', value: 'estimate' });
    const after = await trainer.checkpoint();
    for (const [name, values] of Object.entries(before.tensors))
      if (!name.endsWith('/running')) expect(after.tensors[name], name).toEqual(values);
    const batches = Array.from({ length: estimationBatches }, (_, i) =>
      moments(trainer, after, trainer.order.rows(i).slice()),
    );
    const mean = (key: 'mean' | 'variance', u: number) =>
      batches.reduce((sum, batch) => sum + batch[u]![key], 0) / batches.length;
    expectClose(
      running(after),
      batches[0]!.map((_, u) => ({ mean: mean('mean', u), variance: mean('variance', u) })),
    );
    trainer.dispose();
  });
});

test('replayed steps equal eager ones, with changes of the statistics between them', async () => {
  const edits: [number, Edit][] = [
    [6, { kind: 'batchNorm', value: 'frozen' }],
    [9, { kind: 'batchNorm', value: 'estimate' }],
    [12, { kind: 'batchNorm', value: 'batch' }],
  ];
  const results = [];
  for (const record of [true, false]) {
    const trainer = new Trainer(experiment, generate(dataset, 3), record);
    for (let done = 0; done < 18; done++) {
      for (const [step, edit] of edits) if (step === done) await trainer.edit(edit);
      steps(trainer, 1);
    }
    if (record) expect(trainer.stepMode('qat')).toEqual({ mode: 'recorded' });
    results.push((await trainer.checkpoint()).tensors);
    trainer.dispose();
  }
  expect(results[0]).toEqual(results[1]);
});

test('a weight that is frozen in a folded layer is held on the grid of what is rounded', async () => {
  const [first, second, last] = experiment.layers as [typeof dense, typeof dense, typeof dense];
  const site = { ...first.weights, bits: 2 as const, oscillation: 'freeze' as const };
  const trainer = make({
    layers: [{ ...first, weights: site }, second, last],
    optimizer: { kind: 'adam', learningRate: 0.05 },
  });
  steps(trainer, 400);
  const [size, units] = [12, 6];
  const state = await trainer.oscillation('dense1', 'weights')!.data();
  const pinned = state.slice(rows.pinned * size, (rows.pinned + 1) * size);
  const frozen = [...pinned.keys()].filter((i) => !Number.isNaN(pinned[i]!));
  expect(frozen.length).toBeGreaterThan(0);
  const { tensors } = await trainer.checkpoint();
  const gamma = tensors['qat/dense1/gamma']!;
  const variance = tensors['qat/dense1/running']!.subarray(units);
  const seen: { levels: Float32Array; inverse: Float32Array }[] = [];
  const batch = rowsOf(trainer.dataset.test, trainer.dataset.inputShape, [0]);
  trainer
    .logits('qat', batch.x, (layer, name, _latent, { values, params }) => {
      if (layer !== 'dense1' || name !== 'weights') return;
      const inverse = (params.dataSync() as Float32Array).slice(units, 2 * units);
      seen.push({ levels: values.dataSync() as Float32Array, inverse });
    })
    .dispose();
  batch.x.dispose();
  batch.y.dispose();
  for (const i of frozen) {
    expect(tensors['qat/dense1/weights']![i]).toBe(pinned[i]);
    const factor = gamma[i % units]! / Math.sqrt(variance[i % units]! + 1e-5);
    const position = pinned[i]! * factor * seen[0]!.inverse[i % units]!;
    // Two bits: -1, 0, 1. Statistics and gamma have moved by one step since it was held.
    expect(Math.abs(position)).toBeLessThan(1.2);
    expect(seen[0]!.levels[i]! + 0).toBe(Math.round(position) + 0);
  }
  trainer.dispose();
});
