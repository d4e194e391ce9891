/**
 * Known traps of quantizers, recognised from what is measured of a site while it trains, each with the edit that mends it.
 *
 * | trap | sign |
 * |---|---|
 * | outlier | the scale follows the largest weight, and that is over 4 times the 99.9th percentile: two bits are spent on it, since s = max|w| / qmax |
 * | one-bit outputs | values without a sign at 1 bit, {0, max} of an observed range, and over 80 % of them on one level |
 * | unsteady step | a learned step that swings by a quarter between two looks without getting anywhere, or has collapsed |
 * | moving observer | 3,000 steps in and 1,000 steps after the last change, an observed range that has changed by half within 1,000 steps |
 * | two-bit abs-max | 2,000 steps in, a scale that follows the largest weight has doubled, and most weights round to 0 |
| oscillation | 3,000 steps in and 1,000 after the last change, over a fifth of at least 100 weights, at 4 bits or fewer, oscillate and nothing is done about it |
 */
import type { ActivationFunction } from '@/catalog/activations';
import { siteAt, sitesOf } from '@/catalog/layers';
import { learningRateField } from '@/catalog/optimizers';
import {
  type ActivationQuantizerKind,
  type AnySite,
  coarseBits,
  type Oscillation,
  type QuantizerDescriptor,
  quantizerAt,
  type SiteName,
  siteBits,
  type TensorKind,
  tensorKindOf,
  type WeightQuantizerKind,
  type WeightSite,
} from '@/catalog/quantizers';
import { inputName, layerNames, sitesByName } from '@/experiment/network';
import type { Change, Edit, Experiment } from '@/experiment/schema';
import type { LayerSummary, SiteHistory, SiteSummary } from './protocol';

export interface Trap {
  /** Of this trap at this site. */
  key: string;
  layer: string;
  site: SiteName;
  /** One sentence: what, where, and what it does. */
  text: string;
  mend: { label: string; edits: Edit[] };
}

/** What is known of a site when traps are looked for. */
interface Scene {
  layer: string;
  site: SiteName;
  tensor: TensorKind;
  kind: WeightQuantizerKind | ActivationQuantizerKind;
  descriptor: QuantizerDescriptor;
  /** Its width; 32 is not looked at. */
  bits: number;
  granularity?: WeightSite['granularity'];
  /** What is done about oscillating weights. */
  oscillation?: Oscillation;
  /** Its values have no sign: the output of ReLU or sigmoid. */
  signless: boolean;
  summary: SiteSummary;
  /** How many weights there are; 0 for activations. */
  weights: number;
  /** Since the site itself last changed. */
  history: SiteHistory;
  /** Steps done since then, and since anything changed. */
  age: number;
  rest: number;
  step: number;
  learningRate: number;
}

interface Found {
  text: string;
  mend: Trap['mend'];
}

const choose = (
  { layer, site }: Scene,
  label: string,
  setting: string,
  value: WeightQuantizerKind | ActivationQuantizerKind | WeightSite['granularity'] | Oscillation,
): Trap['mend'] => ({ label, edits: [{ kind: 'quantizer', layer, site, setting, value }] });
const learnStep = (scene: Scene) => choose(scene, 'Learn the step (LSQ)', 'quantizer', 'lsq');

const percent = (share: number) => `${Math.round(100 * share)} %`;
const times = (ratio: number) => `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)} times`;

/** Weight quantizers whose scale follows the largest weight alone. */
const followsLargest: ReadonlySet<string> = new Set<WeightQuantizerKind>(['absmax', 'pow2']);
/** Activation quantizers whose range an observer follows. */
const observes: ReadonlySet<string> = new Set<ActivationQuantizerKind>(['ema', 'percentile', 'mse']);

const outlierRatio = 4;
function outlier(scene: Scene): Found | undefined {
  const { tensor, kind, bits, granularity, summary, layer } = scene;
  if (tensor !== 'weights' || !followsLargest.has(kind) || bits === 1) return undefined;
  if (!(summary.outlier > outlierRatio)) return undefined;
  const shared = granularity === 'tensor';
  const others = shared ? 'of the others' : 'of the others of its channel';
  return {
    text: `One weight of ${layer} is over ${times(Math.min(summary.outlier, 999))} as large as 99.9 % ${others}; the grid is stretched to reach it.`,
    mend: shared ? choose(scene, 'Scale per channel', 'granularity', 'channel') : learnStep(scene),
  };
}

const fullOneBit = 0.8;
function oneBitOutputs(scene: Scene): Found | undefined {
  const { tensor, kind, bits, signless, summary, layer } = scene;
  if (tensor !== 'activations' || bits !== 1 || !signless || !observes.has(kind)) return undefined;
  if (!(summary.fullestShare > fullOneBit)) return undefined;
  return {
    text: `1-bit outputs of ${layer} are 0 or the largest one, and ${percent(summary.fullestShare)} of them fall on one side.`,
    mend: learnStep(scene),
  };
}

const looks = 6;
const swing = 0.25;
/** Steps after a change in which a learned step may still find its place. */
const settling = 500;
const collapsed = 1e-3;
function unsteadyStep(scene: Scene): Found | undefined {
  const { descriptor, history, rest, learningRate, layer, step } = scene;
  if (!descriptor.learns?.includes('step')) return undefined;
  const settled = history.filter((moment) => moment.step >= step - rest + settling);
  const steps = settled.flatMap((moment) => moment.parameters.step ?? []);
  const seen = steps.slice(-looks);
  if (seen.length < looks) return undefined;
  const relative = (a: number, b: number) => Math.abs(Math.log(a / b));
  const path = seen.slice(1).reduce((sum, value, i) => sum + relative(value, seen[i]!), 0);
  const way = relative(seen[0]!, seen.at(-1)!);
  const swings = path / (looks - 1) > swing && way < path / 2;
  const isGone = seen.at(-1)! < collapsed * (history[0]?.parameters.step ?? 0);
  if (!(swings || isGone)) return undefined;
  const lower = Math.max(learningRateField.min, Number((learningRate / 10).toPrecision(2)));
  return {
    text: isGone
      ? `The learned step of ${layer} has collapsed: the learning rate is too high for it.`
      : `The learned step of ${layer} swings by ${percent(Math.expm1(path / (looks - 1)))} and settles nowhere: the learning rate is too high for it.`,
    mend: {
      label: `Learning rate ${lower}`,
      edits: [{ kind: 'learningRate', value: lower }],
    },
  };
}

const late = 3000;
const window = 1000;
const moved = 1.5;
function movingObserver(scene: Scene): Found | undefined {
  const { tensor, kind, history, step, rest, layer } = scene;
  if (tensor !== 'activations' || !observes.has(kind) || step < late || rest < window) return undefined;
  const range = ({ parameters: { low = 0, high = 0 } }: SiteHistory[number]) => high - low;
  const now = history.at(-1);
  const then = history.findLast((moment) => moment.step <= step - window);
  // A gap in what was seen says nothing.
  if (!now || !then || then.step < step - 2 * window || !(range(then) > 0 && range(now) > 0))
    return undefined;
  const ratio = range(now) / range(then);
  if (Math.max(ratio, 1 / ratio) < moved) return undefined;
  return {
    text: `The observed range of ${layer} is still moving, ${ratio > 1 ? 'up' : 'down'} ${times(Math.max(ratio, 1 / ratio))} within the last 1,000 steps or so.`,
    mend: learnStep(scene),
  };
}

const longRun = 2000;
const grown = 2;
const mostlyZero = 0.6;
function twoBitAbsMax(scene: Scene): Found | undefined {
  const { tensor, kind, bits, history, age, summary, layer } = scene;
  if (tensor !== 'weights' || bits !== 2 || !followsLargest.has(kind) || age < longRun) return undefined;
  const [first, now] = [history[0]?.parameters.step ?? 0, history.at(-1)?.parameters.step ?? 0];
  if (!(now > grown * first && first > 0 && summary.fullestShare > mostlyZero)) return undefined;
  return {
    text: `The 2-bit step of ${layer} follows the largest weight: it has grown ${times(now / first)}, and ${percent(summary.fullestShare)} of the weights round to 0.`,
    mend: learnStep(scene),
  };
}

const manyOscillate = 0.2;
/** Fewer weights say little about a share. */
const leastWeights = 100;
function oscillation(scene: Scene): Found | undefined {
  const { summary, weights, step, rest, layer, descriptor, bits } = scene;
  const share = summary.oscillation?.share ?? 0;
  if (scene.oscillation !== 'free' || descriptor.oscillation === 'free' || bits > coarseBits)
    return undefined;
  if (step < late || rest < window || weights < leastWeights || !(share > manyOscillate)) return undefined;
  return {
    text: `${percent(share)} of the weights of ${layer} turn back and forth between two levels and get nowhere.`,
    mend: choose(scene, 'Freeze them', 'oscillation', 'freeze'),
  };
}

const detectors = {
  outlier,
  oneBitOutputs,
  unsteadyStep,
  movingObserver,
  twoBitAbsMax,
  oscillation,
} as const;

const signlessFunctions: ReadonlySet<unknown> = new Set<ActivationFunction>(['relu', 'sigmoid']);
/** Whether a site's values have no sign: shares of 1, and outputs of ReLU or sigmoid. */
const isSignless = (spec: object, site: SiteName): boolean =>
  site === 'softmax' ||
  (site === 'activations' && 'activation' in spec && signlessFunctions.has(spec.activation));

const placeOf = (layer: string, name: SiteName, site: AnySite, signless: boolean) => ({
  layer,
  site: name,
  tensor: tensorKindOf(name),
  kind: site.quantizer,
  descriptor: quantizerAt(name, site),
  bits: siteBits(name, site),
  ...('granularity' in site ? { granularity: site.granularity, oscillation: site.oscillation } : {}),
  signless,
});

/** The sites of the settings in force, without what was measured. */
function places(settings: Experiment) {
  const { layers, input } = settings;
  const names = layerNames(layers);
  return [
    ...sitesByName(settings)
      .get(inputName)!
      .map((name) => placeOf(inputName, name, input, false)),
    ...layers.flatMap((spec, index) =>
      sitesOf(spec).map((name) => placeOf(names[index]!, name, siteAt(spec, name)!, isSignless(spec, name))),
    ),
  ];
}

/** What is measured of a run. */
export interface Measured {
  step: number;
  layers: Readonly<Record<string, LayerSummary>>;
  historyOf(layer: string, site: SiteName): SiteHistory;
}

/**
 * The traps that a run is in.
 * @param settings in force
 * @param changes of the run so far
 */
export function trapsOf(settings: Experiment, changes: readonly Change[], measured: Measured): Trap[] {
  const { step, layers, historyOf } = measured;
  const done = changes.filter((change) => change.step <= step);
  const restSince = done.at(-1)?.step ?? 0;
  return places(settings).flatMap((place) => {
    const { layer, site, bits } = place;
    const summary = layers[layer]?.sites[site];
    if (bits === 32 || !summary) return [];
    const since =
      done.findLast((change) => 'site' in change && change.layer === layer && change.site === site)?.step ??
      0;
    const scene: Scene = {
      ...place,
      summary,
      weights: summary.histogram?.counts.reduce((sum, count) => sum + count, 0) ?? 0,
      history: historyOf(layer, site).filter((moment) => moment.step >= since),
      age: step - since,
      rest: step - restSince,
      step,
      learningRate: settings.optimizer.learningRate,
    };
    return Object.entries(detectors).flatMap(([name, detect]): Trap[] => {
      const found = detect(scene);
      return found ? [{ key: `${layer}/${site}/${name}`, layer, site, ...found }] : [];
    });
  });
}
