/** Weight bits over the steps of a run: what the strip under the accuracy chart draws. */
import type { Bits } from '@/catalog/bits';
import { siteAt, sitesOf } from '@/catalog/layers';
import { sites, tensorKindOf, type WeightSite, weightBits } from '@/catalog/quantizers';
import { editSite } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import type { Experiment } from '@/experiment/schema';

export interface Span {
  from: number;
  to: number;
  bits: Bits;
}
export interface PlanRow {
  layer: string;
  /** Without gaps from step 0 to the last one. */
  spans: Span[];
}

/** @param last step at the right edge; changes after it are left out */
export function bitPlan(
  { changes, layers }: Pick<Experiment, 'changes' | 'layers'>,
  last: number,
): PlanRow[] {
  const names = layerNames(layers);
  return layers.flatMap((spec, index) =>
    sitesOf(spec)
      .filter((name) => tensorKindOf(name) === 'weights')
      .map((name): PlanRow => {
        const layer = names[index]!;
        let site = siteAt(spec, name) as WeightSite;
        const spans: Span[] = [{ from: 0, to: last, bits: weightBits(site) }];
        for (const change of changes) {
          if (!('site' in change) || change.site !== name || change.layer !== layer) continue;
          site = editSite(site, change);
          // A quantizer of fixed width changes the width too.
          const bits = weightBits(site);
          const open = spans.at(-1)!;
          if (change.step > last || bits === open.bits) continue;
          open.to = change.step;
          spans.push({ from: change.step, to: last, bits });
        }
        return { layer: [layer, sites[name].short].filter(Boolean).join(' '), spans };
      }),
  );
}
