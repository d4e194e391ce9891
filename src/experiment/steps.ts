/** How long to train where an experiment does not say. */
import { datasetInfo } from '@/catalog/datasets';
import type { Experiment } from './schema';

/** Steps of an experiment that names none: 2,000 on points and tables, ten epochs on images. */
export function defaultSteps({ dataset, batchSize }: Experiment): number {
  const { view, train } = datasetInfo(dataset);
  return view === 'images' ? 10 * Math.max(1, Math.floor(train / batchSize)) : 2000;
}
