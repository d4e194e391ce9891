/** Quantizers in PyTorch: the fragment of Python and the class of each kind. What is missing is refused. */
import {
  type ActivationQuantizerKind,
  type ActivationSite,
  activationBits,
  activationQuantizerOf,
  groupSizeOf,
  type WeightQuantizerKind,
  type WeightSite,
  weightBits,
  weightGranularity,
  weightQuantizerOf,
} from '@/catalog/quantizers';
import { ExportRefused } from '../refusal';
import activationsDorefa from './python/activations/dorefa.py?raw';
import ema from './python/activations/ema.py?raw';
import activationsLsq from './python/activations/lsq.py?raw';
import lsqplus from './python/activations/lsqplus.py?raw';
import activationsMse from './python/activations/mse.py?raw';
import pact from './python/activations/pact.py?raw';
import activationsPercentile from './python/activations/percentile.py?raw';
import absmax from './python/weights/absmax.py?raw';
import bitnet from './python/weights/bitnet.py?raw';
import dorefa from './python/weights/dorefa.py?raw';
import lsq from './python/weights/lsq.py?raw';
import mse from './python/weights/mse.py?raw';
import percentile from './python/weights/percentile.py?raw';
import pow2 from './python/weights/pow2.py?raw';
import twn from './python/weights/twn.py?raw';
import { bool, text, tuple } from './text';

interface InPython {
  name: string;
  fragment: string;
  /** What of a site's state train.py keeps too. */
  keeps?: 'learned' | 'observer';
}
/** A site in Python. */
export type Call = Pick<InPython, 'fragment' | 'keeps'> & { call: string };

export const weightsInPyTorch: Partial<Record<WeightQuantizerKind, InPython>> = {
  absmax: { name: 'AbsMax', fragment: absmax },
  mse: { name: 'Mse', fragment: mse },
  percentile: { name: 'Percentile', fragment: percentile },
  pow2: { name: 'PowerOfTwo', fragment: pow2 },
  lsq: { name: 'LsqWeights', fragment: lsq, keeps: 'learned' },
  dorefa: { name: 'DoReFaWeights', fragment: dorefa },
  twn: { name: 'Ternary', fragment: twn },
  bitnet: { name: 'BitNet', fragment: bitnet },
};
export const activationsInPyTorch: Partial<Record<ActivationQuantizerKind, InPython>> = {
  ema: { name: 'MinMax', fragment: ema, keeps: 'observer' },
  percentile: { name: 'ObservedPercentile', fragment: activationsPercentile, keeps: 'observer' },
  mse: { name: 'ObservedMse', fragment: activationsMse, keeps: 'observer' },
  lsq: { name: 'LsqActivations', fragment: activationsLsq, keeps: 'learned' },
  lsqplus: { name: 'LsqPlus', fragment: lsqplus, keeps: 'learned' },
  pact: { name: 'Pact', fragment: pact, keeps: 'learned' },
  dorefa: { name: 'DoReFaActivations', fragment: activationsDorefa },
};

const refuse = (label: string, place: string): never => {
  throw new ExportRefused(
    `train.py has no ${label}, which the ${place} use: choose another quantizer there, such as Abs-max or EMA min-max.`,
  );
};

const choices = ({ estimator, rounding }: Pick<WeightSite, 'estimator' | 'rounding'>) =>
  `estimator=${text(estimator)}, stochastic=${bool(rounding === 'stochastic')}`;

/** @param shape in PyTorch @param axis of the output channels there */
export function weightsCall(site: WeightSite, place: string, shape: readonly number[], axis: number): Call {
  const descriptor = weightQuantizerOf(site.quantizer);
  const bits = weightBits(site);
  const granularity = weightGranularity(site);
  if (bits !== 32 && groupSizeOf(granularity)) refuse('scales per group', place);
  // Nothing is rounded at 32 bits, whatever the rule.
  const found = bits === 32 ? weightsInPyTorch.absmax : weightsInPyTorch[site.quantizer];
  const { name, ...rest } = found ?? refuse(descriptor.label, place);
  const full = (descriptor.range ?? site.range) === 'full';
  const call = `${name}(${tuple(shape)}, ${axis}, ${bits}, by_channel=${bool(granularity === 'channel')}, full=${bool(full)}, ${choices({ ...site, ...own(descriptor) })})`;
  return { call, ...rest };
}

/** @param count values of one example */
export function activationsCall(site: ActivationSite, place: string, count: number): Call {
  const descriptor = activationQuantizerOf(site.quantizer);
  const bits = activationBits(site);
  const found = activationsInPyTorch[site.quantizer] ?? (bits === 32 ? activationsInPyTorch.ema : undefined);
  const { name, ...rest } = found ?? refuse(descriptor.label, place);
  return { call: `${name}(${bits}, ${count}, ${choices({ ...site, ...own(descriptor) })})`, ...rest };
}

/** What a quantizer always has, in place of the site's choice. */
const own = ({
  estimator,
  rounding,
}: {
  estimator?: WeightSite['estimator'];
  rounding?: WeightSite['rounding'];
}) => ({
  ...(estimator ? { estimator } : {}),
  ...(rounding ? { rounding } : {}),
});
