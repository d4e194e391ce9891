/** What the tables share: sites of every layer at once, means over seeds, cells. */
import { deviation, mean } from '@/experiment/sweep/statistics';

export { type SiteRule, withSites } from '@/experiment/sweep/sites';

/** Fractions as "97.3 ± 0.4", in percent. */
export const cell = (values: readonly number[]): string => {
  const spread = values.length < 2 ? '' : ` ± ${(100 * deviation(values)).toFixed(1)}`;
  return `${(100 * mean(values)).toFixed(1)}${spread}`;
};
