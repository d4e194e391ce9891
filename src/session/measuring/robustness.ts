/** Accuracy of the three networks on test examples that get worse by degrees. */

import { corruptions, corruptionsFor } from '@/catalog/corruptions';
import { datasetInfo } from '@/catalog/datasets';
import { corrupted } from '@/data/corrupt';
import type { Dataset } from '@/data/dataset';
import { TestSet } from '../evaluate';
import { type NetworkName, networks } from '../networkNames';
import type { Trainer } from '../trainer';
import type { Going, Robustness } from './measurement';

const mostExamples = 1000;

/** @returns undefined where `going` stopped it. PTQ must be calibrated before. */
export async function measureRobustness(trainer: Trainer, going: Going): Promise<Robustness | undefined> {
  const { dataset, present, step } = trainer;
  const names = corruptionsFor(datasetInfo(present.dataset).view);
  const { test, inputShape } = dataset;
  const count = Math.min(mostExamples, test.count);
  const total = names.reduce((sum, name) => sum + corruptions[name].levels.length, 0);
  let done = 0;
  const result: Robustness = { step, examples: count, corruptions: [] };
  for (const name of names) {
    const points: Robustness['corruptions'][number]['points'] = [];
    for (const level of corruptions[name].levels) {
      if (!(await going(done++, total))) return undefined;
      const x = corrupted({ x: test.x, count }, inputShape, name, level, present.seed);
      const y = test.y.slice(0, count * dataset.labelsPerExample);
      const worse: Dataset = { ...dataset, test: { count, x, y } };
      const set = new TestSet(trainer, count, worse);
      const accuracies: Partial<Record<NetworkName, number>> = {};
      for (const network of networks) accuracies[network] = (await set.evaluate(network)).accuracy;
      set.dispose();
      points.push({ level, ...(accuracies as Record<NetworkName, number>) });
    }
    result.corruptions.push({ name, points });
  }
  return result;
}
