/** From measured sensitivities to an allocation, and from an allocation to edits of the network. */
import type { Bits } from '@/catalog/bits';
import { siteAt, withSite } from '@/catalog/layers';
import {
  activationBits,
  type SiteName,
  siteBits,
  tensorKindOf,
  type WeightSite,
  weightBits,
} from '@/catalog/quantizers';
import {
  type Allocation,
  allocate,
  type Budget,
  type LayerChoices,
  rising,
  type WidthChoice,
} from './allocate';
import { applyEdit } from './changes';
import { type ResolvedLayer, resolveNetwork, roundsInput } from './network';
import type { Edit, Experiment } from './schema';
import { modelSize } from './size';

/** What rounding a layer alone to a width does to the loss. */
interface Rises {
  name: string;
  weights?: readonly { bits: Bits; loss: number; accuracy: number }[];
  activations?: readonly { bits: Bits; loss: number; accuracy: number }[];
  estimated?: readonly { bits: Bits; loss: number }[];
}

export interface AllocationQuestion {
  /** Of bytes and BOPs absolute; of harm what the source counts in. */
  budget: Budget;
  /** The weights of the first and last layer stay at 8 bits. */
  keepEnds: boolean;
  /**
   * Measured rises of the loss, the fall of accuracy, rises that the Hessian trace estimates, of weights alone, or the mean
   * of measured and estimated rises (of outputs: by the law of rounding errors): where a layer does so little that measuring
   * it finds noise, the estimate still tells more bits from fewer.
   */
  source: 'loss' | 'accuracy' | 'hessian' | 'both';
}

const sitesOf = (layer: ResolvedLayer, kind: 'weights' | 'activations'): SiteName[] =>
  layer.sites.filter((name) => tensorKindOf(name) === kind);

/** Edits that give every site of a kind in a layer a width. */
const editsAt = (layer: ResolvedLayer, kind: 'weights' | 'activations', bits: Bits): Edit[] =>
  sitesOf(layer, kind).map((site) => ({ kind: 'bits', layer: layer.name, site, bits }));

/** Whether all that a layer multiplies is what comes in by its weights, so that its BOPs are macs x both widths. */
const isPlain = ({ products }: ResolvedLayer) =>
  products.every(({ left, right }) => left === 'input' && right === 'weights');

interface Harm {
  bits: Bits;
  harm: number;
}
type Estimate = (bits: Bits) => number | undefined;

/** The mean of measured rises and of what an estimate says of the same widths. */
const meanWith = (estimate: Estimate, measured: readonly Harm[]): Harm[] =>
  measured.map(({ bits, harm }) => {
    const other = estimate(bits);
    return { bits, harm: other === undefined ? harm : (Math.max(0, harm) + other) / 2 };
  });

/**
 * What the law says that squared rounding errors follow, a quarter for each bit more: through the median of what was measured
 * at the widths where rounding is neither lost in noise nor ruinous.
 */
function byLaw(measured: readonly Harm[]): Estimate {
  const scales = measured
    .filter(({ bits }) => bits >= 2 && bits <= 5)
    .map(({ bits, harm }) => Math.max(0, harm) * 4 ** bits)
    .sort((a, b) => a - b);
  if (scales.length === 0) return () => undefined;
  const half = (scales.length - 1) / 2;
  const scale = (scales[Math.floor(half)]! + scales[Math.ceil(half)]!) / 2;
  return (bits) => scale * 4 ** -bits;
}

const losses = (list: readonly { bits: Bits; loss: number }[] = []): Harm[] =>
  list.map(({ bits, loss }) => ({ bits, harm: loss }));
const falls = (list: Rises['weights'] = []): Harm[] =>
  list.map(({ bits, accuracy }) => ({ bits, harm: accuracy }));

/** What each source says of a layer's weights and output, by falling bits. */
const sources: Record<
  AllocationQuestion['source'],
  (rises: Rises) => { weights: Harm[]; activations: Harm[] }
> = {
  loss: ({ weights, activations }) => ({ weights: losses(weights), activations: losses(activations) }),
  accuracy: ({ weights, activations }) => ({ weights: falls(weights), activations: falls(activations) }),
  hessian: ({ estimated, activations }) => ({
    weights: losses(estimated),
    activations: losses(activations),
  }),
  both({ weights, estimated, activations }) {
    const outputs = losses(activations);
    return {
      weights: meanWith((bits) => estimated?.find((each) => each.bits === bits)?.loss, losses(weights)),
      activations: meanWith(byLaw(outputs), outputs),
    };
  },
};

const costOf = ({ budget }: AllocationQuestion) => (budget.kind === 'harm' ? budget.cost : budget.kind);

/** What every layer that rounds may have; widths that were not measured stay as they are. */
export function choicesFor(
  experiment: Experiment,
  layers: readonly Rises[],
  question: AllocationQuestion,
): LayerChoices[] {
  const resolved = resolveNetwork(experiment).filter(({ sites }) => sites.length > 0);
  const weighted = resolved.filter((layer) => sitesOf(layer, 'weights').length > 0);
  const isEnd = (layer: ResolvedLayer) => layer === weighted[0] || layer === weighted.at(-1);
  const bytesAt = (
    layer: ResolvedLayer,
    bits?: Bits,
    kind: 'weights' | 'activations' = 'weights',
  ): number => {
    const changed =
      bits === undefined ? experiment : editsAt(layer, kind, bits).reduce(applyEdit, experiment);
    return modelSize(changed).layers.find(({ name }) => name === layer.name)?.total ?? 0;
  };
  return resolved.map((layer) => {
    const rises = layers.find(({ name }) => name === layer.name);
    const harms = (list: readonly Harm[]) => rising(list.map(({ harm }) => harm));
    const site = siteAt(layer.spec, 'weights') as WeightSite | undefined;
    const fixed = (bits: Bits): WidthChoice[] => [{ bits, harm: 0, bytes: bytesAt(layer) }];
    const found = rises && sources[question.source](rises);
    const weights = (): WidthChoice[] => {
      if (!site) return fixed(32);
      const measured = found?.weights;
      if (!measured || measured.length === 0) return fixed(weightBits(site));
      const choices = harms(measured).map((harm, i) => {
        const { bits } = measured[i]!;
        return { bits, harm, bytes: bytesAt(layer, bits) };
      });
      const eight = choices.filter(({ bits }) => bits === 8);
      return question.keepEnds && isEnd(layer) && eight.length > 0 ? eight : choices;
    };
    const output = siteAt(layer.spec, 'activations');
    const outputBits = output ? siteBits('activations', output) : 32;
    const list = found?.activations;
    // Bytes hardly depend on the outputs' bits: those stay as they are chosen. A float output has no scale.
    const activations: WidthChoice[] =
      costOf(question) === 'bops' && list && list.length > 0
        ? harms(list).map((harm, i) => {
            const { bits } = list[i]!;
            return { bits, harm, bytes: bytesAt(layer, bits, 'activations') - bytesAt(layer) };
          })
        : [{ bits: outputBits, harm: 0, bytes: 0 }];
    return { name: layer.name, weights: weights(), activations, macs: isPlain(layer) ? layer.macs : 0 };
  });
}

/** The best allocation, or undefined where nothing fits. Its harm is a sum of what each layer does alone. */
export function allocationFor(
  experiment: Experiment,
  layers: readonly Rises[],
  question: AllocationQuestion,
): Allocation | undefined {
  const input: Bits = roundsInput(experiment.dataset) ? activationBits(experiment.input) : 32;
  return allocate(
    choicesFor(experiment, layers, question),
    input,
    question.budget,
    modelSize(experiment).input,
  );
}

/** The edits that apply an allocation: those that change something. */
export function editsFor(experiment: Experiment, allocation: Allocation): Edit[] {
  const resolved = new Map(resolveNetwork(experiment).map((layer) => [layer.name, layer]));
  return allocation.layers.flatMap(({ name, weights, activations }) => {
    const layer = resolved.get(name)!;
    const wanted = [
      ...editsAt(layer, 'weights', weights),
      ...editsAt(layer, 'activations', activations),
    ] as Extract<Edit, { kind: 'bits' }>[];
    return wanted.filter(({ site, bits }) => {
      const present = siteAt(layer.spec, site)!;
      // Quantizers of fixed width, and layers with widths inside that differ, keep them where nothing was chosen.
      return siteBits(site, present) !== bits && isChosen(layer, site);
    });
  });
}
const isChosen = (layer: ResolvedLayer, site: SiteName): boolean =>
  tensorKindOf(site) === 'weights' || site === 'activations' || layer.sites.length > 2;

/** The experiment with an allocation applied. */
export const allocated = (experiment: Experiment, allocation: Allocation): Experiment =>
  editsFor(experiment, allocation).reduce(applyEdit, experiment);

/** The share of a model's bytes or BOPs at 8 bits everywhere that a budget comes to. */
export function atEightBits(experiment: Experiment): { bytes: number; bops: number } {
  const layers = experiment.layers.map((spec, index) =>
    (resolveNetwork(experiment)[index]?.sites ?? []).reduce((next, name) => {
      const site = siteAt(next, name)!;
      const logits = index === experiment.layers.length - 1 && tensorKindOf(name) === 'activations';
      return logits ? next : withSite(next, name, { ...site, bits: 8 } as never);
    }, spec),
  );
  const { total, bops } = modelSize({ ...experiment, layers });
  return { bytes: total, bops };
}
