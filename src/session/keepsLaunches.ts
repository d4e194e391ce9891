/** Which edits of bits leave a recorded step as it is. */
import { activationBits, weightBits } from '@/catalog/quantizers';
import type { Edit } from '@/experiment/schema';
import { activationPlaces, type NetworkPlan, placeKey, weightPlaces } from '@/model/sites';
import { activationQuantizers } from '@/quant/activations';
import { weightQuantizers } from '@/quant/weights';

/** At these widths more than the grid is another: weights are not watched, or what is learned begins elsewhere. */
const specialBits: ReadonlySet<number> = new Set([1, 32]);

/**
 * Whether an edit of bits leaves a site's launches as they are, because the kernels read the grid from a tensor. Quantizers
 * that round in their own way may launch others.
 * @param plan before the edit
 */
export function keepsLaunches(
  plan: NetworkPlan,
  { layer, site, bits }: Extract<Edit, { kind: 'bits' }>,
): boolean {
  const key = placeKey(layer, site);
  const weights = weightPlaces(plan).find((place) => place.key === key)?.site;
  const activations = activationPlaces(plan).find((place) => place.key === key)?.site;
  const before = weights ? weightBits(weights) : activations ? activationBits(activations) : 32;
  if (specialBits.has(bits) || specialBits.has(before)) return false;
  return weights
    ? weightQuantizers[weights.quantizer].quantize === undefined
    : activationQuantizers[activations!.quantizer].quantize === undefined;
}
