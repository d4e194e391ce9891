/**
 * The allocator: bits for every layer under a budget, exactly. Each choice of a layer's weight and output bits adds a harm
 * and a cost; of all combinations the one with the least harm within the budget is found (or the cheapest within a limit
 * of harm), by dynamic programming over sets of partial choices none of which is better in both. BOPs join neighbours: a
 * product costs the bits of both operands, so the state carries the bits that go on to the next layer.
 */
import type { Bits } from '@/catalog/bits';

/** What a layer may have. Widths that are kept as they are have one entry. */
export interface LayerChoices {
  name: string;
  weights: readonly WidthChoice[];
  activations: readonly WidthChoice[];
  /** Multiply-accumulates of the layer for one example. */
  macs: number;
}
export interface WidthChoice {
  bits: Bits;
  /** What rounding to so many bits is expected to do, alone: a rise of the loss, or a fall of accuracy. */
  harm: number;
  /** Bytes that depend on the width: packed weights and their scales. */
  bytes: number;
}

export type Cost = 'bytes' | 'bops';
export type Budget =
  /** The least harm at such a cost or less. */
  | { kind: Cost; most: number }
  /** The least cost at such a harm or less. */
  | { kind: 'harm'; most: number; cost: Cost };

export interface Allocation {
  layers: { name: string; weights: Bits; activations: Bits }[];
  harm: number;
  bytes: number;
  bops: number;
}

interface Partial {
  harm: number;
  /** Of the kind that the budget is about. */
  cost: number;
  /** Index of the chosen pair, and what it was added to. */
  choice: number;
  before: Partial | undefined;
}

/** Sums in another order differ in their last digits: what is equal within this much is equal. */
const tolerance = 1e-9;

/** Those of which no other is better in harm and cost, by rising cost. */
function front(partials: Partial[]): Partial[] {
  partials.sort((a, b) => a.cost - b.cost || a.harm - b.harm);
  const kept: Partial[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const partial of partials) {
    if (partial.harm >= least) continue;
    least = partial.harm;
    kept.push(partial);
  }
  return kept;
}

/** Every pair of a layer's widths. */
const pairsOf = ({ weights, activations }: LayerChoices) =>
  weights.flatMap((w) => activations.map((a) => ({ w, a })));

/**
 * @param layers in order; each layer's output is the next one's input
 * @param input bits of the first layer's input
 * @param fixed bytes that no choice changes
 * @returns undefined where nothing fits the budget
 */
export function allocate(
  layers: readonly LayerChoices[],
  input: Bits,
  budget: Budget,
  fixed = 0,
): Allocation | undefined {
  const costKind: Cost = budget.kind === 'harm' ? budget.cost : budget.kind;
  const pairs = layers.map(pairsOf);
  const costOf = (index: number, incoming: Bits, { w, a }: (typeof pairs)[number][number]) =>
    costKind === 'bytes' ? w.bytes + a.bytes : layers[index]!.macs * incoming * w.bits;
  // The least that the layers from an index on can add, so that what cannot fit any more is dropped at once.
  const least = (value: (index: number) => number) => {
    const sums = [0];
    for (let index = layers.length - 1; index >= 0; index--) sums.unshift(sums[0]! + value(index));
    return sums;
  };
  const narrowest = Math.min(input, ...layers.flatMap(({ activations }) => activations.map((a) => a.bits)));
  const leastCost = least((index) =>
    Math.min(...pairs[index]!.map((pair) => costOf(index, narrowest as Bits, pair))),
  );
  const leastHarm = least((index) => Math.min(...pairs[index]!.map(({ w, a }) => w.harm + a.harm)));
  const start = costKind === 'bytes' ? fixed : 0;
  const [mostCost, mostHarm] =
    budget.kind === 'harm'
      ? [Number.POSITIVE_INFINITY, budget.most]
      : [budget.most, Number.POSITIVE_INFINITY];
  let states = new Map<Bits, Partial[]>([[input, [{ harm: 0, cost: start, choice: -1, before: undefined }]]]);
  layers.forEach((_, index) => {
    const next = new Map<Bits, Partial[]>();
    for (const [incoming, partials] of states)
      pairs[index]!.forEach((pair, choice) => {
        const cost = costOf(index, incoming, pair);
        const harm = pair.w.harm + pair.a.harm;
        // Bytes join no neighbours: one state for all.
        const state = costKind === 'bytes' ? input : pair.a.bits;
        const list = next.get(state) ?? [];
        next.set(state, list);
        for (const before of partials) {
          const added = { harm: before.harm + harm, cost: before.cost + cost, choice, before };
          if (added.cost + leastCost[index + 1]! > mostCost * (1 + tolerance)) continue;
          if (added.harm + leastHarm[index + 1]! > mostHarm + tolerance) continue;
          list.push(added);
        }
      });
    states = new Map([...next].map(([state, list]) => [state, front(list)]));
  });
  const ends = front([...states.values()].flat());
  const best = budget.kind === 'harm' ? ends[0] : ends.at(-1);
  return best && traced(best, layers, pairs, input, fixed);
}

function traced(
  end: Partial,
  layers: readonly LayerChoices[],
  pairs: readonly { w: WidthChoice; a: WidthChoice }[][],
  input: Bits,
  fixed: number,
): Allocation {
  const chosen: { w: WidthChoice; a: WidthChoice }[] = [];
  for (let at: Partial | undefined = end; at?.before; at = at.before)
    chosen.unshift(pairs[layers.length - 1 - chosen.length]![at.choice]!);
  const allocation: Allocation = { layers: [], harm: 0, bytes: fixed, bops: 0 };
  let incoming = input;
  chosen.forEach(({ w, a }, index) => {
    allocation.layers.push({ name: layers[index]!.name, weights: w.bits, activations: a.bits });
    allocation.harm += w.harm + a.harm;
    allocation.bytes += w.bytes + a.bytes;
    allocation.bops += layers[index]!.macs * incoming * w.bits;
    incoming = a.bits;
  });
  return allocation;
}

/**
 * Harms that never fall as bits do: each is at most that of any fewer bits. What is measured has spikes at single widths,
 * where a grid happens to miss values that are common; training mends them, and fewer bits that do less harm prove it.
 * @param harms by falling bits; of noise below 0
 */
export function rising(harms: readonly number[]): number[] {
  let least = Number.POSITIVE_INFINITY;
  return harms
    .map((_, i) => {
      least = Math.min(least, Math.max(0, harms[harms.length - 1 - i]!));
      return least;
    })
    .reverse();
}
