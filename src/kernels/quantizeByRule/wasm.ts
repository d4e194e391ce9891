/** quantizeByRule in WebAssembly (../assembly/quantizeByRule.ts, ../assembly/learnedParams.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, output, scratch } from '../wasm';
import { channelsOf } from './shapes';

export const quantizeByRuleWasm: Implementation<'x' | 'params' | 'settings' | 'clock'> = ({ inputs }) => {
  const { x, params, settings, clock } = inputs;
  const q = output(x.shape);
  const size = util.sizeFromShape(x.shape);
  const addresses = [x, params, settings, clock, q].map(address);
  launch('quantizeByRule', ...addresses, size, params.shape[1]!);
  return q;
};

export const quantizeByRuleGradientWasm: Implementation<'dq' | 'x' | 'params' | 'settings' | 'clock'> = ({
  inputs,
}) => {
  const { dq, x, params, settings, clock } = inputs;
  const dx = output(x.shape);
  const size = util.sizeFromShape(x.shape);
  const addresses = [dq, x, params, settings, clock, dx].map(address);
  launch('quantizeByRuleGradient', ...addresses, size, params.shape[1]!);
  return dx;
};

export const learnedGradientWasm: Implementation<
  'dq' | 'x' | 'params' | 'settings' | 'learned' | 'clock'
> = ({ inputs }) => {
  const { dq, x, params, settings, learned, clock } = inputs;
  const gradient = output(learned.shape);
  const channels = params.shape[1]!;
  const workspace = scratch(4 * 2 * channels);
  const addresses = [dq, x, params, settings, learned, clock, gradient].map(address);
  const sizes = [x, learned].map(({ shape }) => util.sizeFromShape(shape));
  launch('learnedGradient', ...addresses, workspace, sizes[0]!, channels, sizes[1]!);
  return gradient;
};

export const learnedParamsWasm: Implementation<'learned' | 'settings'> = ({ inputs }) => {
  const { learned, settings } = inputs;
  const channels = channelsOf(learned.shape);
  const params = output([4, channels]);
  const addresses = [learned, settings, params].map(address);
  launch('learnedParams', ...addresses, util.sizeFromShape(learned.shape), channels);
  return params;
};

export const advanceClockWasm: Implementation<'clock'> = ({ inputs }) => {
  launch('advanceClock', address(inputs.clock));
  return [];
};
