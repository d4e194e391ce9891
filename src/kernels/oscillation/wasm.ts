/** Oscillation in WebAssembly (../assembly/oscillation.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

export const trackOscillationWasm: Implementation<
  'w' | 'levels' | 'params' | 'settings' | 'control' | 'state'
> = ({ inputs: { w, levels, params, settings, control, state } }) => {
  const addresses = [w, levels, params, settings, control, state].map(address);
  launch('trackOscillation', ...addresses, util.sizeFromShape(w.shape), params.shape[1]!);
  return [];
};

export const dampGradientWasm: Implementation<
  'g' | 'w' | 'levels' | 'params' | 'settings' | 'control' | 'clock'
> = ({ inputs: { g, w, levels, params, settings, control, clock } }) => {
  const damped = output(g.shape);
  const addresses = [g, w, levels, params, settings, control, clock, damped].map(address);
  launch('dampGradient', ...addresses, util.sizeFromShape(g.shape), params.shape[1]!);
  return damped;
};
