/** In how many bits, and in which form, the integers of a weight tensor are stored. */
import { storedBits, type WeightSite, weightBits } from '@/catalog/quantizers';
import { mode } from '@/quant/settings';
import type { Encoding } from '../program';
import type { SeenSite } from '../snapshot';

/** Signs and DoReFa's levels are odd numbers; weights that learn their width are stored in the whole bits that hold it. */
export function describeWidth(
  site: WeightSite,
  { settings, learned }: SeenSite,
): { bits: number; encoding: Encoding } {
  const kind = settings[2];
  const odd = kind === mode.signTimesMean || kind === mode.tanh;
  const most = weightBits(site);
  const bits = learned ? Math.min(most, storedBits(learned[0]!)) : most;
  return { bits, encoding: odd ? 'odd' : 'twos' };
}
