/** The structure of a network as the desk shows it: blocks that fold, and the arcs of its residual paths. */
import type { ResolvedLayer } from '@/experiment/network';

export type BlockKind = 'transformer' | 'residual' | 'separable';

export const blockWords = {
  transformer: {
    label: 'Transformer',
    help: 'Attention and a feed-forward part, each with a residual path around it (Vaswani 2017).',
  },
  residual: { label: 'Residual', help: 'Layers with a residual path around them (He 2015).' },
  separable: {
    label: 'Separable',
    help: 'A filter for each channel, then a 1×1 convolution over all channels (Howard 2017).',
  },
} as const satisfies Record<BlockKind, { label: string; help: string }>;

/** Layers that belong together, `from` to `to` with both ends. */
export interface Block {
  kind: BlockKind;
  /** "transformer 1": unlike the name of any layer. */
  name: string;
  from: number;
  to: number;
}

interface Interval {
  from: number;
  to: number;
}
const holds = ({ from, to }: Interval, index: number) => index >= from && index <= to;

/** Stretches that residual paths bridge; those that overlap are one. */
function bridged(layers: readonly ResolvedLayer[]): Interval[] {
  const spans = layers
    .flatMap(({ source }, index) => (source === undefined ? [] : [{ from: source, to: index }]))
    .toSorted((a, b) => a.from - b.from);
  const joined: Interval[] = [];
  for (const span of spans) {
    const before = joined.at(-1);
    if (before && span.from <= before.to) before.to = Math.max(before.to, span.to);
    else joined.push({ ...span });
  }
  return joined;
}

/** The blocks of a network in order; they do not overlap. */
export function blocksOf(layers: readonly ResolvedLayer[]): Block[] {
  const kindAt = (index: number) => layers[index]?.spec.kind;
  const attends = ({ from, to }: Interval) =>
    layers.slice(from, to + 1).some(({ spec }) => spec.kind === 'attention');
  const found: (Interval & { kind: BlockKind })[] = [];
  for (const stretch of bridged(layers)) {
    const before = found.at(-1);
    // The feed-forward part follows its attention at once.
    const goesOn = before?.kind === 'transformer' && before.to + 1 === stretch.from && !attends(stretch);
    if (goesOn) before.to = stretch.to;
    else found.push({ ...stretch, kind: attends(stretch) ? 'transformer' : 'residual' });
  }
  layers.forEach(({ spec }, index) => {
    const isPair = spec.kind === 'depthwiseConv2d' && kindAt(index + 1) === 'conv2d';
    const next = layers[index + 1]?.spec;
    const pointwise = next?.kind === 'conv2d' && next.kernelSize === 1;
    if (!isPair || !pointwise || found.some((each) => holds(each, index) || holds(each, index + 1))) return;
    found.push({ kind: 'separable', from: index, to: index + 1 });
  });
  const counts = new Map<BlockKind, number>();
  return found
    .toSorted((a, b) => a.from - b.from)
    .map((each) => {
      const count = (counts.get(each.kind) ?? 0) + 1;
      counts.set(each.kind, count);
      return { ...each, name: `${blockWords[each.kind].label.toLowerCase()} ${count}` };
    });
}

/** A residual path: from what comes into layer `from` to layer `to`, which adds it. */
export interface Arc {
  from: number;
  to: number;
  /** Beside the wire 0, further out where paths overlap. */
  lane: number;
}

/** Arcs that would cross are drawn in lanes of their own; there is room for so many. */
export const mostLanes = 2;

export function arcsOf(layers: readonly ResolvedLayer[]): Arc[] {
  const arcs: Arc[] = [];
  layers.forEach(({ source }, to) => {
    if (source === undefined) return;
    const taken = new Set(arcs.filter((arc) => arc.to >= source).map(({ lane }) => lane));
    let lane = 0;
    while (taken.has(lane) && lane < mostLanes - 1) lane++;
    arcs.push({ from: source, to, lane });
  });
  return arcs;
}

/** What of an arc runs beside a row: its bend away from the wire, its straight part, its bend back, or all of it. */
export type ArcPart = 'from' | 'through' | 'to' | 'whole';

/** The part of an arc beside a row of layers `first` to `last`, or none. */
export function partOf({ from, to }: Arc, first: number, last: number): ArcPart | undefined {
  if (to < first || from > last) return undefined;
  const begins = from >= first;
  const ends = to <= last;
  if (begins && ends) return 'whole';
  return begins ? 'from' : ends ? 'to' : 'through';
}

/** From this many layers that round on, a network opens with its blocks folded. */
export const foldFrom = 11;
