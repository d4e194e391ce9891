/** An experiment for tests that must not change when the page's default does: spirals, four dense layers, W 8 4 4 8, A 4. */
import { activationSite, weightSite } from '@/catalog/quantizers';
import { defaultExperiment, networkPresets } from '../presets';
import type { Experiment } from '../schema';

export const exampleExperiment: Experiment = {
  ...defaultExperiment,
  layers: networkPresets.mlp.layers.map((spec, index, { length }) => ({
    ...spec,
    weights: weightSite(index === 0 || index === length - 1 ? 8 : 4),
    activations: activationSite(index === length - 1 ? 32 : 4),
  })),
};
