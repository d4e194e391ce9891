/** The data of the workloads: the project's generated datasets, and for text ids drawn at random in the workload's shape. */
import { datasetInfo, datasetKinds } from '@/catalog/datasets';
import type { Dataset, Split } from '@/data/dataset';
import { generate } from '@/data/generate';
import { stream } from '@/data/random';
import type { Experiment } from '@/experiment/schema';
import { textShape } from '../workloads.mjs';

const made = new Map<string, Dataset>();

/** Lets the dataset "reversing" be of the workload's shape, for this page alone: no dataset of the project has it. */
function reshapeText(): void {
  const { positions, symbols } = textShape;
  const vocabulary = Array.from({ length: symbols }, (_, i) => String.fromCharCode(65 + i));
  Object.assign(datasetKinds.reversing, {
    inputShape: [positions],
    classNames: vocabulary,
    text: { vocabulary, length: positions, padding: symbols - 1, end: symbols - 2 },
  });
}
reshapeText();

function randomText({ dataset, seed }: Experiment): Dataset {
  const { positions, symbols } = textShape;
  const info = datasetInfo(dataset);
  const random = stream(seed, 'text');
  const ids = (count: number) =>
    Array.from({ length: count * positions }, () => Math.floor(random.next() * symbols));
  const split = (count: number): Split => ({
    count,
    x: Float32Array.from(ids(count)),
    y: Int8Array.from(ids(count)),
  });
  return {
    view: 'text',
    inputShape: info.inputShape,
    classNames: [...(info.text?.vocabulary ?? [])],
    labelsPerExample: positions,
    train: split(info.train),
    validation: split(info.validation),
    test: split(info.test),
  };
}

/** The dataset of a workload, made once. */
export function dataOf(experiment: Experiment): Dataset {
  const { dataset, seed } = experiment;
  if (dataset.kind === 'own') throw new Error('The workloads use generated data.');
  const key = JSON.stringify([dataset, seed]);
  const data =
    made.get(key) ?? (dataset.kind === 'reversing' ? randomText(experiment) : generate(dataset, seed));
  made.set(key, data);
  return data;
}
