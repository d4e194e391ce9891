/** The changes of a run as the charts show them: one marker a step, in few words, and labels that do not overlap. */
import { isWeighted } from '@/catalog/layers';
import { type SiteName, siteChoices } from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import type { Change, Experiment } from '@/experiment/schema';

export interface Marker {
  /** Steps done when the change took effect. */
  step: number;
  /** "all W4 A4", "dense2 W3". */
  label: string;
  /** Every change made there, for the tooltip. */
  full: string[];
}

/** Ends a label that names only some of its changes. */
const counted = (text: string, more: number) => (more > 0 ? `${text} +${more}` : text);

type BitsChange = Extract<Change, { kind: 'bits' }>;
type QuantizerChange = Extract<Change, { kind: 'quantizer' }>;

const letters = { weights: 'W', activations: 'A' } as const;
const siteText = (change: BitsChange) => `${letters[change.site]}${change.bits}`;

/** "W4" where every one of `layers` changed to the same width, else undefined. */
function uniform(changes: readonly BitsChange[], layers: readonly string[]): string | undefined {
  const [first] = changes;
  const all =
    first &&
    layers.length > 1 &&
    layers.every((layer) => changes.some((change) => change.layer === layer)) &&
    changes.every((change) => change.bits === first.bits && layers.includes(change.layer));
  return all ? siteText(first) : undefined;
}

function bitsText(changes: readonly BitsChange[], weighted: readonly string[]): string {
  const weights = changes.filter((change) => change.site === 'weights');
  const activations = changes.filter((change) => change.site === 'activations');
  const w = uniform(weights, weighted);
  // "All activations" are the hidden outputs: the input row and the logits stay as they are.
  const a = uniform(activations, weighted.slice(0, -1)) ?? uniform(activations, weighted);
  if (w && a) return `all ${w} ${a}`;
  if (w && activations.length === 0) return `all ${w}`;
  if (a && weights.length === 0) return `all ${a}`;
  const layers = [...new Set(changes.map((change) => change.layer))];
  const [first = inputName, ...more] = layers.map((layer) =>
    [layer, ...changes.filter((change) => change.layer === layer).map(siteText)].join(' '),
  );
  return counted(first, more.length);
}

/** The word of the page for what a quantizer change chose. */
const chosen = ({ site, setting, value }: QuantizerChange) =>
  siteChoices[site][setting]?.[value]?.label ?? value;

/** Whether one site's changes cover all of its layers, as "all layers" means them. */
const coversAll = (
  changes: readonly QuantizerChange[],
  site: SiteName,
  weighted: readonly string[],
): boolean => {
  const layers = site === 'weights' ? weighted : weighted.slice(0, -1);
  return layers.length > 1 && layers.every((layer) => changes.some((change) => change.layer === layer));
};

/** "all LSQ", "dense2 MSE clipping", "all A PACT", "dense2 LSQ +1": activations are marked, weights are not. */
function quantizerText(changes: readonly QuantizerChange[], weighted: readonly string[]): string {
  const [first] = changes;
  if (!first) return '';
  const alike = changes.filter(({ site, value }) => site === first.site && value === first.value);
  const all = coversAll(alike, first.site, weighted);
  const more = changes.length - (all ? alike.length : 1);
  const what = [all ? 'all' : first.layer, first.site === 'activations' ? 'A' : '', chosen(first)];
  return counted(what.filter(Boolean).join(' '), more);
}

const fullText = (change: Change): string => {
  if (change.kind === 'learningRate') return `learning rate ${change.value}`;
  const what =
    change.kind === 'bits' ? (change.bits === 32 ? 'float' : `${change.bits}-bit`) : `${chosen(change)},`;
  return `${change.layer}: ${what} ${change.site}`;
};

/** The markers of all recorded changes, in order of their steps. */
export function changeMarkers({ changes, layers }: Pick<Experiment, 'changes' | 'layers'>): Marker[] {
  const names = layerNames(layers);
  const weighted = names.filter((_, index) => isWeighted(layers[index]!));
  const steps = new Map<number, Change[]>();
  for (const change of changes) {
    const there = steps.get(change.step);
    if (there) there.push(change);
    else steps.set(change.step, [change]);
  }
  return [...steps].map(([step, there]) => {
    const bits = there.filter((change) => change.kind === 'bits');
    const rate = there.find((change) => change.kind === 'learningRate');
    const choices = there.filter((change) => change.kind === 'quantizer');
    const texts = [
      bits.length > 0 ? bitsText(bits, weighted) : '',
      quantizerText(choices, weighted),
      rate ? `lr ${rate.value}` : '',
    ];
    return { step, label: texts.filter(Boolean).join(', '), full: there.map(fullText) };
  });
}

export interface MarkerLabel {
  text: string;
  /** Left edge of the text in pixels. */
  x: number;
  /** The markers that this label stands for. */
  markers: Marker[];
}

/**
 * Places labels right of their lines. From the newest to the oldest, one that has no room joins its neighbour, which
 * then stands at the older line and counts it ("dense3 W2 +1").
 * @param toX pixels of a step
 * @param left pixels where text may begin
 * @param right pixels where text must end
 * @param measure width of a text in pixels
 */
export function layoutLabels(
  markers: readonly Marker[],
  toX: (step: number) => number,
  left: number,
  right: number,
  measure: (text: string) => number,
): MarkerLabel[] {
  const gap = 4;
  const label = (group: Marker[]): MarkerLabel => {
    const newest = group.at(-1)!;
    const [, name = newest.label, more = '0'] = /^(.*) \+(\d+)$/.exec(newest.label) ?? [];
    const text = counted(name, Number(more) + group.length - 1);
    const x = Math.max(left, Math.min(toX(group[0]!.step) + 3, right - measure(text)));
    return { text, x, markers: group };
  };
  const placed: MarkerLabel[] = [];
  for (const marker of [...markers].sort((a, b) => b.step - a.step)) {
    let next = label([marker]);
    for (let newer = placed[0]; newer; newer = placed[0]) {
      if (next.x + measure(next.text) + gap <= newer.x) break;
      placed.shift();
      next = label([...next.markers, ...newer.markers]);
    }
    placed.unshift(next);
  }
  return placed;
}
