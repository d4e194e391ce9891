/** Networks trained for a few steps, to lower and export. */
import { type DatasetSpec, datasetKinds } from '@/catalog/datasets';
import { generate } from '@/data/generate';
import { experimentFor, type NetworkPresetName, networkPresets, presetsFor } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { Trainer } from '../trainer';

const digits: DatasetSpec = { ...datasetKinds.digits.defaults, samples: 300, testShare: 0.2 };
const moons: DatasetSpec = { ...datasetKinds.moons.defaults, samples: 400, testShare: 0.5 };
const addition: DatasetSpec = { ...datasetKinds.addition.defaults, samples: 300, testShare: 0.2 };

const dataFor = (name: NetworkPresetName): DatasetSpec =>
  name === 'wideMlp' ? digits : ([moons, digits].find((spec) => presetsFor(spec).includes(name)) ?? addition);

/** @param change of the experiment, before it is trained */
export function trainedPreset(
  name: NetworkPresetName,
  steps: number,
  change: (experiment: Experiment) => Experiment = (same) => same,
): Trainer {
  const dataset = dataFor(name);
  const experiment = change({
    ...experimentFor(dataset, 7),
    layers: networkPresets[name].layers,
    batchSize: 32,
  });
  if (dataset.kind === 'own') throw new Error('generated data only');
  const trainer = new Trainer(experiment, generate(dataset, 7));
  trainSteps(trainer, steps);
  return trainer;
}

export function trainSteps(trainer: Trainer, steps: number): void {
  for (let i = 0; i < steps; i++) {
    const batch = trainer.nextBatch();
    for (const twin of ['float', 'qat'] as const) trainer.train(twin, batch).dispose();
    batch.x.dispose();
    batch.y.dispose();
    trainer.advance();
  }
}
