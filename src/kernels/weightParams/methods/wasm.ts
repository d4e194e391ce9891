/** The methods beyond abs-max in WebAssembly (../../assembly/weightScales.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../../definition';
import { address, launch, output, scratch } from '../../wasm';
import { bins, candidates } from './constants';

/** @param scratchFloats how many the kernel works in, for so many channels */
const paramsBy =
  (kernel: string, scratchFloats: (channels: number) => number): Implementation<'w' | 'settings'> =>
  ({ inputs: { w, settings } }) => {
    const channels = lastAxis(w.shape);
    const params = output([4, channels]);
    const rows = util.sizeFromShape(w.shape) / channels;
    const workspace = scratch(4 * scratchFloats(channels));
    launch(kernel, address(w), address(settings), address(params), workspace, rows, channels);
    return params;
  };

/** Maximum and mean of each channel. */
const moments = (channels: number) => 2 * channels;

export const mseWasm = paramsBy('weightParamsMse', (channels) => (2 + candidates) * channels);
export const percentileWasm = paramsBy('weightParamsPercentile', (channels) => moments(channels) + bins);
export const pow2Wasm = paramsBy('weightParamsPow2', moments);
export const meanWasm = paramsBy('weightParamsMean', moments);
export const twnWasm = paramsBy('weightParamsTwn', moments);
export const dorefaWasm = paramsBy('weightParamsDorefa', moments);
