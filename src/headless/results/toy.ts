/** The toy of docs/results.md: 2-16-16-2 on two spirals, 4,000 float steps, then 2,000 at the width, beside PyTorch. */
import type { Bits } from '@/catalog/bits';
import { makeDataset } from '@/data';
import { defaultExperiment, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { type SiteRule, withSites } from '../sums';
import { after, float, mixed, type Row, type Table } from './rows';

/** `activations` where they differ from the weights; the input then has 8 bits, or is float like them. */
const widths: {
  name: string;
  bits: Bits;
  activations?: Bits;
  ends?: Bits;
  minmax: string;
  lsq: string;
}[] = [
  { name: 'W8A8', bits: 8, minmax: 'PTQ 99.1, QAT 99.0', lsq: 'LSQ 99.1' },
  { name: 'W4A4', bits: 4, minmax: 'PTQ 87.7 ± 5.5, QAT 96.7 ± 2.1', lsq: 'LSQ 99.0 ± 0.2' },
  { name: 'W3A3', bits: 3, minmax: 'PTQ 66.3 ± 7.9, QAT 80.1 ± 10.4', lsq: 'LSQ 96.9 ± 2.9' },
  { name: 'W2A2', bits: 2, minmax: 'PTQ 50.5 ± 1.5, QAT 56.2 ± 5.1', lsq: 'LSQ 78.5 ± 3.5' },
  { name: 'W2A2, ends W8', bits: 2, ends: 8, minmax: 'PTQ 50.3, QAT 54.8', lsq: 'LSQ 92.2 ± 7.7' },
  {
    name: 'W2A32, ends W8',
    bits: 2,
    activations: float,
    ends: 8,
    minmax: 'PTQ 56.5, QAT 78.6',
    lsq: 'LSQ 98.7 ± 0.6',
  },
];

export function toyTable(): Table {
  const { dataset } = defaultExperiment;
  if (dataset.kind === 'own') throw new Error('The default experiment has generated data.');
  const base: Experiment = { ...defaultExperiment, layers: networkPresets.smallMlp.layers };
  const row = (name: string, rule: SiteRule, input: Bits, reference: string): Row => {
    const sites = withSites({ ...base, input: { ...base.input, bits: input } }, rule);
    const experiment = withSites(sites, () => ({ weights: { granularity: 'tensor' } }));
    return { name, experiment: after(4000, experiment), steps: 6000, reference };
  };
  const rows = widths.flatMap(({ name, bits, activations = bits, ends, minmax, lsq }) => {
    const input = activations === float ? float : 8;
    return [
      row(`${name} min-max`, mixed(bits, activations, 'absmax', 'ema', ends), input, minmax),
      row(`${name} LSQ`, mixed(bits, activations, 'lsq', 'lsq', ends), input, lsq),
    ];
  });
  return { rows, seeds: 5, dataset: (seed) => makeDataset(dataset, seed) };
}
