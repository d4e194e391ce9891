/** Which rule finds each range of post-training quantization: the experiment's sites as its calibration methods set them. */
import { type LayerSpec, siteAt, withSite } from '@/catalog/layers';
import { type ActivationSite, activationBits, type WeightSite } from '@/catalog/quantizers';
import { resolveNetwork, roundsInput } from '@/experiment/network';
import { type CalibrationMethod, methodAt, type PtqSettings, ptqOf } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import type { NetworkPlan } from '@/model/sites';

const weightRules: Record<CalibrationMethod, WeightSite['quantizer'] | undefined> = {
  own: undefined,
  minMax: 'absmax',
  percentile: 'percentile',
  mse: 'mse',
  kl: 'absmax',
};
const activationRules: Record<CalibrationMethod, ActivationSite['quantizer'] | undefined> = {
  own: undefined,
  minMax: 'ema',
  percentile: 'percentile',
  mse: 'mse',
  kl: 'ema',
};
/** Quantizers whose grid is any grid of integers, so that another rule may find its scale. */
const plainWeights: ReadonlySet<string> = new Set(['absmax', 'mse', 'percentile', 'lsq']);
const plainActivations: ReadonlySet<string> = new Set(['ema', 'percentile', 'mse', 'lsq', 'lsqplus', 'pact']);

/** Whether a site's weights lie on a grid of integers with a scale apart, so that another rule may find the scale. */
export const hasPlainGrid = ({ quantizer }: WeightSite): boolean => plainWeights.has(quantizer);

/** A site with the rule that a method calibrates it by. */
function calibratedSite<S extends WeightSite | ActivationSite>(site: S, method: CalibrationMethod): S {
  const [plain, rules] =
    'granularity' in site ? [plainWeights, weightRules] : [plainActivations, activationRules];
  const quantizer = rules[method];
  return quantizer && plain.has(site.quantizer) ? { ...site, quantizer } : site;
}

/** The experiment's sites as PTQ calibrates them. @param stepped layers whose weights lie on steps that were found before */
export function calibrationPlan(experiment: Experiment, stepped: ReadonlySet<string>): NetworkPlan {
  const ptq = ptqOf(experiment);
  const layers = resolveNetwork(experiment).map((layer) => {
    const method = methodAt(ptq, layer.name);
    const spec = layer.sites.reduce(
      (next: LayerSpec, name) => withSite(next, name, calibratedSite(siteAt(next, name)!, method) as never),
      layer.spec,
    );
    if (!stepped.has(layer.name)) return { ...layer, spec };
    const site = siteAt(spec, 'weights') as WeightSite;
    return { ...layer, spec: withSite(spec, 'weights', { ...site, quantizer: 'lsq' } as never) };
  });
  if (!roundsInput(experiment.dataset)) return { layers };
  return { input: calibratedSite(experiment.input, methodAt(ptq, 'input')), layers };
}

/** Places of outputs whose clip is found by entropy, with their bits. */
export function entropyPlaces({ input, layers }: NetworkPlan, ptq: PtqSettings): Map<string, number> {
  const found = new Map<string, number>();
  const consider = (layer: string, name: string, site: ActivationSite) => {
    const bits = activationBits(site);
    if (methodAt(ptq, layer) === 'kl' && site.quantizer === 'ema' && bits !== 32 && bits !== 1)
      found.set(`${layer}/${name}`, bits);
  };
  if (input) consider('input', 'activations', input);
  for (const { name, spec, sites } of layers)
    for (const each of sites) {
      const site = siteAt(spec, each)!;
      if (!('granularity' in site)) consider(name, each, site);
    }
  return found;
}
