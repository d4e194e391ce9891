/** What the tables share: sites of every layer at once, means over seeds, cells. */
import { isWeighted } from '@/catalog/layers';
import type { ActivationSite, WeightSite } from '@/catalog/quantizers';
import type { Experiment } from '@/experiment/schema';

/** What to set at the sites of a weighted layer; `end` is true for the first and the last one, `last` for the last. */
export type SiteRule = (place: { end: boolean; last: boolean }) => {
  weights?: Partial<WeightSite>;
  activations?: Partial<ActivationSite>;
};

/** The experiment with the sites of every weighted layer set by a rule. */
export function withSites(experiment: Experiment, rule: SiteRule): Experiment {
  const weighted = experiment.layers.filter(isWeighted);
  const layers = experiment.layers.map((spec) => {
    if (!isWeighted(spec)) return spec;
    const place = weighted.indexOf(spec);
    const last = place === weighted.length - 1;
    const { weights, activations } = rule({ end: last || place === 0, last });
    return {
      ...spec,
      weights: { ...spec.weights, ...weights },
      activations: { ...spec.activations, ...activations },
    };
  });
  return { ...experiment, layers };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Sample standard deviation; 0 for a single value. */
const deviation = (values: readonly number[]): number =>
  values.length < 2
    ? 0
    : Math.sqrt(values.reduce((sum, v) => sum + (v - mean(values)) ** 2, 0) / (values.length - 1));

/** Fractions as "97.3 ± 0.4", in percent. */
export const cell = (values: readonly number[]): string => {
  const spread = values.length < 2 ? '' : ` ± ${(100 * deviation(values)).toFixed(1)}`;
  return `${(100 * mean(values)).toFixed(1)}${spread}`;
};
