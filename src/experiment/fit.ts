/** Will it fit? What a network takes on a device, from the experiment alone, and whether the device has it. */
import { type Device, type DeviceName, devices } from '@/catalog/devices';
import { workingMemory } from './memory';
import { resolveNetwork } from './network';
import type { Experiment } from './schema';
import { type LearnedWidths, modelSize } from './size';

type Described = Pick<Experiment, 'dataset' | 'layers' | 'input'>;

/** What a network takes. */
export interface Needs {
  /** Bytes of the packed model; code comes on top. */
  flash: number;
  /** Bytes of planned activations and the input (./memory.ts); the stack comes on top. */
  ram: number;
  macs: number;
  bops: number;
}

/** @param widths present widths of weights that learn theirs */
export function needsOf(experiment: Described, widths: LearnedWidths = {}): Needs {
  const { total, bops } = modelSize(experiment, widths);
  return {
    flash: total,
    ram: workingMemory(experiment),
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
