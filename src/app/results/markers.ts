/** The changes of a run as the charts show them: one marker a step, in few words, and labels that do not overlap. */
import { type LayerSpec, normChanges, sitesOf } from '@/catalog/layers';
import { siteChoices, sites, type TensorKind, tensorKindOf } from '@/catalog/quantizers';
import { inputName, timelineOf } from '@/experiment/changes';
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
const siteText = (change: BitsChange) =>
  [sites[change.site].short, `${letters[tensorKindOf(change.site)]}${change.bits}`].filter(Boolean).join(' ');
const isOf = (kind: TensorKind) => (change: BitsChange | QuantizerChange) =>
  tensorKindOf(change.site) === kind;

/** Places that "all layers" speaks to, "gru1/recurrent". */
function allPlaces(layers: readonly LayerSpec[], kind: TensorKind): string[] {
  const names = layerNames(layers);
  const specs = kind === 'weights' ? layers : layers.slice(0, -1);
  return specs.flatMap((spec, index) =>
    sitesOf(spec)
      .filter((name) => tensorKindOf(name) === kind)
      .map((name) => `${names[index]}/${name}`),
  );
}
const placeOf = ({ layer, site }: BitsChange | QuantizerChange) => `${layer}/${site}`;

/** "W4" where every one of `places` changed to the same width, else undefined. */
function uniform(changes: readonly BitsChange[], places: readonly string[]): string | undefined {
  const [first] = changes;
  const changed = new Set(changes.map(placeOf));
  const all =
    first &&
    places.length > 1 &&
    places.every((place) => changed.has(place)) &&
    changes.every((change) => change.bits === first.bits && places.includes(placeOf(change)));
  return all ? `${letters[tensorKindOf(first.site)]}${first.bits}` : undefined;
}

function bitsText(changes: readonly BitsChange[], layers: readonly LayerSpec[]): string {
  const weights = changes.filter(isOf('weights'));
  const activations = changes.filter(isOf('activations'));
  const w = uniform(weights, allPlaces(layers, 'weights'));
  // "All activations" are the hidden outputs: the input row and the logits stay as they are.
  const a =
    uniform(activations, allPlaces(layers, 'activations')) ??
    uniform(activations, [...allPlaces(layers, 'activations'), `${layerNames(layers).at(-1)}/activations`]);
  if (w && a) return `all ${w} ${a}`;
  if (w && activations.length === 0) return `all ${w}`;
  if (a && weights.length === 0) return `all ${a}`;
  const names = [...new Set(changes.map((change) => change.layer))];
  const [first = inputName, ...more] = names.map((layer) =>
    [layer, ...changes.filter((change) => change.layer === layer).map(siteText)].join(' '),
  );
  return counted(first, more.length);
}

/** The word of the page for what a quantizer change chose. */
const chosen = ({ site, setting, value }: QuantizerChange) =>
  siteChoices[site][setting]?.[value]?.label ?? value;

/** "all LSQ", "dense2 MSE clipping", "all A PACT", "dense2 LSQ +1": activations are marked, weights are not. */
function quantizerText(changes: readonly QuantizerChange[], layers: readonly LayerSpec[]): string {
  const [first] = changes;
  if (!first) return '';
  const kind = tensorKindOf(first.site);
  const alike = changes.filter((change) => isOf(kind)(change) && change.value === first.value);
  const places = allPlaces(layers, kind);
  const changed = new Set(alike.map(placeOf));
  const all = places.length > 1 && places.every((place) => changed.has(place));
  const more = changes.length - (all ? alike.length : 1);
  const what = [
    all ? 'all' : first.layer,
    all ? '' : sites[first.site].short,
    kind === 'activations' ? 'A' : '',
    chosen(first),
  ];
  return counted(what.filter(Boolean).join(' '), more);
}

const fullText = (change: Change): string => {
  if (change.kind === 'learningRate') return `learning rate ${change.value}`;
  if (change.kind === 'batchNorm') return `batch norm: ${normChanges[change.value].label}`;
  if (change.kind === 'observers') return `observers ${change.value}`;
  if (change.kind === 'hold') return `${change.layer} ${change.value === 'held' ? 'held still' : 'trained'}`;
  if (change.kind === 'adopt') return 'QAT starts from PTQ';
  const what =
    change.kind === 'bits' ? (change.bits === 32 ? 'float' : `${change.bits}-bit`) : `${chosen(change)},`;
  return `${change.layer}: ${what} ${sites[change.site].short || change.site}`;
};

/** The markers of all recorded changes, in order of their steps. */
export function changeMarkers({ changes, layers }: Pick<Experiment, 'changes' | 'layers'>): Marker[] {
  const steps = new Map<number, Change[]>();
  for (const change of changes) {
    const there = steps.get(change.step);
    if (there) there.push(change);
    else steps.set(change.step, [change]);
  }
  return [...steps].map(([step, there]) => {
    const bits = there.filter((change) => change.kind === 'bits');
    const rate = there.find((change) => change.kind === 'learningRate');
    const norm = there.find((change) => change.kind === 'batchNorm');
    const choices = there.filter((change) => change.kind === 'quantizer');
    const holds = there.filter((change) => change.kind === 'hold');
    const observers = there.find((change) => change.kind === 'observers');
    const held = holds[0];
    const texts = [
      there.some((change) => change.kind === 'adopt') ? 'from PTQ' : '',
      bits.length > 0 ? bitsText(bits, layers) : '',
      quantizerText(choices, layers),
      rate ? `lr ${rate.value}` : '',
      norm ? `BN ${normChanges[norm.value].label}` : '',
      observers ? `ranges ${observers.value}` : '',
      held ? counted(`${held.layer} ${held.value}`, holds.length - 1) : '',
    ];
    return { step, label: texts.filter(Boolean).join(', '), full: there.map(fullText) };
  });
}

/** A plan that changes bits at more steps than these has no markers: its curve in the strip says it. */
const mostPlanned = 16;

/** Markers of what is changed by hand and, while they are few, of what the plan changes. */
export function timelineMarkers(experiment: Experiment): Marker[] {
  const changes = timelineOf(experiment).filter(({ step }) => step > 0);
  const { layers } = experiment;
  const all = changeMarkers({ changes: [...changes], layers });
  return all.length - new Set(experiment.changes.map(({ step }) => step)).size > mostPlanned
    ? changeMarkers(experiment)
    : all;
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
