/** Settings of every layer's sites at once. */
import { type LayerSpec, rounds, siteAt, sitesOf, withSite } from '@/catalog/layers';
import { type ActivationSite, type SiteName, tensorKindOf, type WeightSite } from '@/catalog/quantizers';
import type { Experiment } from '../schema';

/** What to set at the sites of a layer; `end` is true for the first and the last one, `last` for the last. */
export type SiteRule = (place: { end: boolean; last: boolean }) => {
  weights?: Partial<WeightSite>;
  activations?: Partial<ActivationSite>;
};

/** A layer with every site of each kind changed. */
const changed = (spec: LayerSpec, rule: ReturnType<SiteRule>): LayerSpec =>
  sitesOf(spec).reduce(
    (next: LayerSpec, name: SiteName) =>
      withSite(next, name, { ...siteAt(next, name)!, ...rule[tensorKindOf(name)] } as never),
    spec,
  );

/** The experiment with the sites of every layer set by a rule. */
export function withSites(experiment: Experiment, rule: SiteRule): Experiment {
  const rounding = experiment.layers.filter(rounds);
  const layers = experiment.layers.map((spec) => {
    const place = rounding.indexOf(spec);
    if (place < 0) return spec;
    const last = place === rounding.length - 1;
    return changed(spec, rule({ end: last || place === 0, last }));
  });
  return { ...experiment, layers };
}
