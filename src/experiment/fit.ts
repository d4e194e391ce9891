/**
 * Will it fit? What a network takes on a device, from the experiment alone, and whether the device has it. Activations are
 * planned into one block of memory, as code without malloc does it: a byte a value of at most 8 bits, 4 bytes otherwise.
 */
import { type Device, type DeviceName, devices } from '@/catalog/devices';
import { rounds, siteAt, volume } from '@/catalog/layers';
import { type ActivationSiteName, activationBits } from '@/catalog/quantizers';
import { resolveNetwork, roundsInput } from './network';
import type { Experiment } from './schema';
import { type LearnedWidths, modelSize } from './size';

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
  buffers: Placed[];
  /** Size of the block. */
  bytes: number;
}

const bytesAt = (bits: number): number => (bits <= 8 ? 1 : 4);

/** What flows through a network for one example: the input, every layer's output, and what is rounded inside layers. */
export function signalsOf(experiment: Described): Buffer[] {
  const layers = resolveNetwork(experiment);
  /** Bits of what leaves each layer, those of the input first; layers that only move values pass them on. */
  const widths: number[] = [roundsInput(experiment.dataset) ? activationBits(experiment.input) : 8];
  for (const { spec } of layers)
    widths.push(rounds(spec) ? activationBits(siteAt(spec, 'activations')!) : widths.at(-1)!);
  /** The last layer that reads the value before layer `index`. */
  const lastRead = (index: number) =>
    layers.reduce((last, { source }, end) => (source === index ? Math.max(last, end) : last), index);
  const between = [layers[0]?.inputShape ?? [], ...layers.map(({ outputShape }) => outputShape)].map(
    (shape, index): Buffer => ({
      name: index === 0 ? 'input' : layers[index - 1]!.name,
      bytes: volume(shape) * bytesAt(widths[index]!),
      from: Math.max(index - 1, 0),
      to: Math.min(lastRead(index), layers.length - 1),
    }),
  );
  const inside = layers.flatMap(({ name, spec, siteShapes }, index) =>
    Object.entries(siteShapes).flatMap(([site, shape]): Buffer[] => {
      const at = siteAt(spec, site as ActivationSiteName);
      if (site === 'activations' || !at) return [];
      const bytes = volume(shape) * bytesAt(activationBits(at));
      return [{ name: `${name} ${site}`, bytes, from: index, to: index }];
    }),
  );
  return [...between, ...inside];
}

const overlap = (a: Buffer, b: Buffer) => a.from <= b.to && b.from <= a.to;

/**
 * Places buffers in one block so that those alive together do not overlap: the largest first, each at the lowest gap that
 * holds it (greedy by size, Pisarchyk & Lee 2020).
 */
export function planBuffers(buffers: readonly Buffer[]): Plan {
  const placed: Placed[] = [];
  for (const buffer of buffers.toSorted((a, b) => b.bytes - a.bytes)) {
    let offset = 0;
    const rivals = placed.filter((other) => overlap(buffer, other)).sort((a, b) => a.offset - b.offset);
    for (const other of rivals) {
      if (offset + buffer.bytes <= other.offset) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    placed.push({ ...buffer, offset });
  }
  return { buffers: placed, bytes: Math.max(0, ...placed.map(({ offset, bytes }) => offset + bytes)) };
}

/** What a network takes. */
export interface Needs {
  /** Bytes of the packed model; code comes on top. */
  flash: number;
  /** Bytes of planned activations; the stack comes on top. */
  ram: number;
  macs: number;
  bops: number;
}

/** @param widths present widths of weights that learn theirs */
export function needsOf(experiment: Described, widths: LearnedWidths = {}): Needs {
  const { total, bops } = modelSize(experiment, widths);
  return {
    flash: total,
    ram: planBuffers(signalsOf(experiment)).bytes,
    macs: resolveNetwork(experiment).reduce((sum, layer) => sum + layer.macs, 0),
    bops,
  };
}

export interface Fit {
  device: DeviceName;
  /** Bytes left, negative where so many are missing. */
  flashLeft: number;
  ramLeft: number;
  fits: boolean;
  /** Milliseconds for one example: its products at the device's rate, nothing else. */
  ms: number;
}

export const fitOn = (needs: Needs, name: DeviceName): Fit => {
  const { flash, ram, clock, macsPerCycle }: Device = devices[name];
  const [flashLeft, ramLeft] = [flash - needs.flash, ram - needs.ram];
  return {
    device: name,
    flashLeft,
    ramLeft,
    fits: flashLeft >= 0 && ramLeft >= 0,
    ms: (1000 * needs.macs) / (macsPerCycle * clock),
  };
};

export const fitsOf = (needs: Needs): Fit[] =>
  (Object.keys(devices) as DeviceName[]).map((name) => fitOn(needs, name));
