/** An experiment in a few words, for the document's title, shared text and names of files. */
import { datasetInfo } from '@/catalog/datasets';
import { descriptorOf, type LayerSpec, siteAt, sitesOf } from '@/catalog/layers';
import { siteBits, type TensorKind, tensorKindOf } from '@/catalog/quantizers';
import { presentSettings } from './changes';
import type { Experiment } from './schema';

const mostWidths = 6;

/** "MLP 32-32-16", "CNN 8-16": the kind of network and the widths of the layers before the last one. */
export function networkSummary(layers: readonly LayerSpec[]): string {
  const descriptors = layers.map(descriptorOf);
  const named = descriptors.flatMap(({ network }) => network ?? []).sort((a, b) => b.rank - a.rank)[0];
  const widths = layers.flatMap((spec, index) => {
    const { weighted, fields } = descriptorOf(spec);
    const width = fields[0] && (spec as unknown as Record<string, unknown>)[fields[0].key];
    return weighted && index < layers.length - 1 ? [String(width)] : [];
  });
  const label = named?.label ?? 'Network';
  if (widths.length === 0) return `${label} of one layer`;
  return `${label} ${widths.length > mostWidths ? `of ${widths.length + 1} layers` : widths.join('-')}`;
}

/** Widths of the sites of one kind in some layers. */
const widthsOf = (layers: readonly LayerSpec[], kind: TensorKind): number[] =>
  layers.flatMap((spec) =>
    sitesOf(spec)
      .filter((name) => tensorKindOf(name) === kind)
      .map((name) => siteBits(name, siteAt(spec, name)!)),
  );

/** "W4 A4", "W2–8 A4", "float": the bits of the layers before the last one, or of the last one if it is alone. */
function bitsSummary(layers: readonly LayerSpec[]): string {
  const weighted = layers.filter((spec) => descriptorOf(spec).weighted);
  const counted = weighted.length > 1 ? layers.slice(0, -1) : layers;
  const span = (kind: TensorKind) => {
    const bits = widthsOf(counted, kind);
    const [low, high] = [Math.min(...bits), Math.max(...bits)];
    return low === high ? String(low) : `${low}–${high}`;
  };
  return [...widthsOf(layers, 'weights'), ...widthsOf(layers, 'activations')].every((bits) => bits === 32)
    ? 'float'
    : `W${span('weights')} A${span('activations')}`;
}

/** "Two spirals, MLP 32-32-16, W4 A4, seed 42": the present settings, and how many changes led to them. */
export function summaryOf(experiment: Experiment): string {
  const { dataset, layers, seed } = presentSettings(experiment);
  const count = experiment.changes.length;
  return [
    datasetInfo(dataset).label,
    networkSummary(layers),
    bitsSummary(layers),
    `seed ${seed}`,
    ...(count > 0 ? [`${count} ${count === 1 ? 'change' : 'changes'}`] : []),
  ].join(', ');
}

const longestStem = 80;

/** "two-spirals-mlp-32-32-16-w4-a4-seed-42": the summary as the name of a file without its ending; a-z, 0-9 and "-" only. */
export function fileStem(experiment: Experiment): string {
  const stem = summaryOf(experiment)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return stem.replace(/^-/, '').slice(0, longestStem).replace(/-$/, '');
}
