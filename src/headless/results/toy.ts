/** The toy of docs/results.md: 2-16-16-2 on two spirals, 4,000 float steps, then 2,000 at the width, beside PyTorch. */
import type { Bits } from '@/catalog/bits';
import { makeDataset } from '@/data';
import { defaultExperiment, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { type SiteRule, withSites } from '../sums';
import { after, type Row, type Table, uniform } from './rows';

const widths: { name: string; bits: Bits; ends?: Bits; minmax: string; lsq: string }[] = [
  { name: 'W8A8', bits: 8, minmax: 'PTQ 99.1, QAT 99.0', lsq: 'LSQ 99.1' },
  { name: 'W4A4', bits: 4, minmax: 'PTQ 87.7 ± 5.5, QAT 96.7 ± 2.1', lsq: 'LSQ 99.0 ± 0.2' },
  { name: 'W3A3', bits: 3, minmax: 'PTQ 66.3 ± 7.9, QAT 80.1 ± 10.4', lsq: 'LSQ 96.9 ± 2.9' },
  { name: 'W2A2', bits: 2, minmax: 'PTQ 50.5 ± 1.5, QAT 56.2 ± 5.1', lsq: 'LSQ 78.5 ± 3.5' },
  { name: 'W2A2, ends W8', bits: 2, ends: 8, minmax: 'PTQ 50.3, QAT 54.8', lsq: 'LSQ 92.2 ± 7.7' },
];

export function toyTable(): Table {
  const { dataset } = defaultExperiment;
  if (dataset.kind === 'own') throw new Error('The default experiment has generated data.');
  const base: Experiment = { ...defaultExperiment, layers: networkPresets.smallMlp.layers };
  const tensor = (experiment: Experiment) =>
    withSites(experiment, () => ({ weights: { granularity: 'tensor' } }));
  const row = (name: string, rule: SiteRule, reference: string): Row => ({
    name,
    experiment: after(4000, tensor(withSites(base, rule))),
    steps: 6000,
    reference,
  });
  const rows = widths.flatMap(({ name, bits, ends, minmax, lsq }) => [
    row(`${name} min-max`, uniform(bits, 'absmax', 'ema', ends), minmax),
    row(`${name} LSQ`, uniform(bits, 'lsq', 'lsq', ends), lsq),
  ]);
  return { rows, seeds: 5, dataset: (seed) => makeDataset(dataset, seed) };
}
