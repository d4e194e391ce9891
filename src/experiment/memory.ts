/**
 * Working memory of inference, one sample: the one figure that the page, the terminal and kept runs give, from the
 * experiment alone. Activations are planned into one block, as the C export without malloc does it (src/deploy/plan.ts
 * places by the same rule); the input is beside it, where the caller keeps it. A byte for a value of at most 8 bits, 4
 * bytes otherwise; each buffer a multiple of 4 bytes.
 */
import { descriptorOf, rounds, siteAt, volume } from '@/catalog/layers';
import { type ActivationSiteName, activationBits } from '@/catalog/quantizers';
import { resolveNetwork, roundsInput } from './network';
import type { Experiment } from './schema';

type Described = Pick<Experiment, 'dataset' | 'layers' | 'input'>;

/** A value that is kept from one layer to another; both count from 0, and the input is there before layer 0. */
export interface Buffer {
  name: string;
  bytes: number;
  /** The layer that writes it, and the last that reads it. */
  from: number;
  to: number;
}
export interface Placed extends Buffer {
  /** Bytes from the start of the block. */
  offset: number;
}
export interface Plan {
  /** In the order given. */
  buffers: Placed[];
  /** Size of the block. */
  bytes: number;
}

const aligned = (bytes: number): number => 4 * Math.ceil(bytes / 4);

const bytesAt = (bits: number): number => (bits <= 8 ? 1 : 4);

/** What flows through a network for one example: the input, every layer's output, and what is rounded inside layers. */
export function signalsOf(experiment: Described): Buffer[] {
  const layers = resolveNetwork(experiment);
  /** Bits of what leaves each layer, those of the input first; layers that only move values pass them on. */
  const widths: number[] = [roundsInput(experiment.dataset) ? activationBits(experiment.input) : 8];
  for (const { spec } of layers)
    widths.push(rounds(spec) ? activationBits(siteAt(spec, 'activations')!) : widths.at(-1)!);
  const shapes = [layers[0]?.inputShape ?? [], ...layers.map(({ outputShape }) => outputShape)];
  const between: Buffer[] = [];
  /** The buffer that holds the value before each layer: what only passes through, such as rows, stays where it is. */
  const holder: number[] = [];
  for (const [index, shape] of shapes.entries()) {
    const layer = layers[index - 1];
    const passes = layer && !rounds(layer.spec) && volume(layer.inputShape) === volume(shape);
    if (passes) holder.push(holder.at(-1)!);
    else {
      const name = layer?.name ?? 'input';
      const from = Math.max(index - 1, 0);
      holder.push(between.push({ name, bytes: volume(shape) * bytesAt(widths[index]!), from, to: from }) - 1);
    }
    /** The layers that read it: the next one, and the end of a residual path that begins here. */
    const readers = layers.flatMap(({ source }, end) => (end === index || source === index ? [end] : []));
    const held = between[holder.at(-1)!]!;
    held.to = Math.max(held.to, ...readers);
  }
  const inside = layers.flatMap(({ name, spec, siteShapes }, index) =>
    Object.entries(siteShapes).flatMap(([site, shape]): Buffer[] => {
      const at = siteAt(spec, site as ActivationSiteName);
      if (site === 'activations' || !at || descriptorOf(spec).inParts?.some((one) => one === site)) return [];
      const bytes = volume(shape) * bytesAt(activationBits(at));
      return [{ name: `${name} ${site}`, bytes, from: index, to: index }];
    }),
  );
  const sums = layers.flatMap(({ name, sums }, index): Buffer[] =>
    sums === undefined ? [] : [{ name: `${name} sums`, bytes: 4 * sums, from: index, to: index }],
  );
  return [...between, ...inside, ...sums];
}

const overlap = (a: Buffer, b: Buffer) => a.from <= b.to && b.from <= a.to;

/**
 * Places buffers in one block so that those alive together do not overlap: the largest first, each at the lowest gap that
 * holds it (greedy by size, Pisarchyk & Lee 2020). Offsets are multiples of 4 bytes.
 */
export function planBuffers(buffers: readonly Buffer[]): Plan {
  const offsets = new Map<Buffer, number>();
  for (const buffer of buffers.toSorted((a, b) => b.bytes - a.bytes)) {
    const size = aligned(buffer.bytes);
    const rivals = [...offsets]
      .filter(([other]) => overlap(buffer, other))
      .map(([{ bytes }, start]) => [start, start + aligned(bytes)] as const)
      .sort((a, b) => a[0] - b[0]);
    let offset = 0;
    for (const [start, end] of rivals) if (offset + size > start) offset = Math.max(offset, end);
    offsets.set(buffer, offset);
  }
  const placed = buffers.map((buffer) => ({ ...buffer, offset: offsets.get(buffer)! }));
  return {
    buffers: placed,
    bytes: Math.max(0, ...placed.map(({ offset, bytes }) => offset + aligned(bytes))),
  };
}

/** @returns bytes: the planned block and the input (an upper bound with attention, whose inner values do not all live at once); stack and code come on top */
export function workingMemory(experiment: Described): number {
  const [input, ...others] = signalsOf(experiment);
  return aligned(input?.bytes ?? 0) + planBuffers(others).bytes;
}
