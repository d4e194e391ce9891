/** Bits over the steps of a run: what the strip under the accuracy chart draws. */
import type { Bits } from '@/catalog/bits';
import { siteAt, sitesOf } from '@/catalog/layers';
import { type AnySite, siteBits, sites, type TensorKind, tensorKindOf } from '@/catalog/quantizers';
import { editSite, timelineOf } from '@/experiment/changes';
import { inputName, layerNames, roundsInput } from '@/experiment/network';
import type { Change, Experiment } from '@/experiment/schema';

export interface Span {
  from: number;
  to: number;
  bits: Bits;
}
export interface PlanRow {
  /** As the strip names it. */
  label: string;
  layer: string;
  /** Without gaps from step 0 to the last one. */
  spans: Span[];
}

/** The spans of one site, whose changes these are among others. */
function spansOf(
  start: AnySite,
  layer: string,
  name: string,
  changes: readonly Change[],
  last: number,
): Span[] {
  let site = start;
  const widthOf = (one: AnySite) => siteBits(name as never, one as never);
  const spans: Span[] = [{ from: 0, to: last, bits: widthOf(site) }];
  for (const change of changes) {
    if (!('site' in change) || change.site !== name || change.layer !== layer) continue;
    site = editSite(site, change);
    // A quantizer of fixed width changes the width too.
    const bits = widthOf(site);
    const open = spans.at(-1)!;
    if (change.step > last || bits === open.bits) continue;
    if (change.step === open.from) {
      open.bits = bits;
      continue;
    }
    open.to = change.step;
    spans.push({ from: change.step, to: last, bits });
  }
  return spans;
}

/**
 * One row for every site of a kind: what the plan and the changes by hand make of it.
 * @param last step at the right edge; what comes after it is left out
 */
export function bitPlan(experiment: Experiment, last: number, kind: TensorKind = 'weights'): PlanRow[] {
  const { layers, input, dataset } = experiment;
  const changes = timelineOf(experiment);
  const names = layerNames(layers);
  const rows = layers.flatMap((spec, index) =>
    sitesOf(spec)
      .filter((name) => tensorKindOf(name) === kind)
      .map((name): PlanRow => {
        const layer = names[index]!;
        const label = [layer, sites[name].short].filter(Boolean).join(' ');
        return { label, layer, spans: spansOf(siteAt(spec, name)!, layer, name, changes, last) };
      }),
  );
  if (kind === 'weights' || !roundsInput(dataset)) return rows;
  const spans = spansOf(input, inputName, 'activations', changes, last);
  return [{ label: inputName, layer: inputName, spans }, ...rows];
}
