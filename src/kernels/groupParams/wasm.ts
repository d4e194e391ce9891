/** groupParams in WebAssembly: weightParams' kernels on one slab after another, then spread over the weights. */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output, scratch } from '../wasm';
import { bins, candidates } from '../weightParams/methods/constants';
import type { GroupMethod } from './cpu';
import { slabsOf } from './slabs';

/** The kernel of a method and, where it takes one, how many floats it works in for so many channels. */
const kernels: Record<GroupMethod, { kernel: string; workspace?: (channels: number) => number }> = {
  absmax: { kernel: 'weightParamsAbsmax' },
  mse: { kernel: 'weightParamsMse', workspace: (channels) => (2 + candidates) * channels },
  percentile: { kernel: 'weightParamsPercentile', workspace: (channels) => 2 * channels + bins },
  pow2: { kernel: 'weightParamsPow2', workspace: (channels) => 2 * channels },
  mean: { kernel: 'weightParamsMean', workspace: (channels) => 2 * channels },
  twn: { kernel: 'weightParamsTwn', workspace: (channels) => 2 * channels },
};

export const groupParamsWasm = (method: GroupMethod, size: number): Implementation<'w' | 'settings'> => {
  const { kernel, workspace } = kernels[method];
  return ({ inputs: { w, settings } }) => {
    const channels = lastAxis(w.shape);
    const count = util.sizeFromShape(w.shape);
    const params = output([4, count]);
    const found = scratch(4 * (4 * channels + (workspace?.(channels) ?? 0)));
    const space = workspace ? [found + 16 * channels] : [];
    for (const { start, rows } of slabsOf(w.shape, size)) {
      launch(kernel, address(w) + 4 * start, address(settings), found, ...space, rows, channels);
      launch('spreadParams', found, address(params) + 4 * start, rows, channels, count);
    }
    return params;
  };
};
