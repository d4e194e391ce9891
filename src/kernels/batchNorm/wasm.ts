/** Batch normalization in WebAssembly (../assembly/batchNorm.ts). */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output, scratch } from '../wasm';

/** Rows of floats, one per channel, that the kernels keep in scratch memory. */
const scratchRows = 4;

function rowsAndChannels({ shape }: TensorInfo): [number, number] {
  const channels = lastAxis(shape);
  return [util.sizeFromShape(shape) / channels, channels];
}

export const batchMoments: Implementation<'x'> = ({ inputs: { x } }) => {
  const [rows, channels] = rowsAndChannels(x);
  const moments = output([2, channels]);
  launch('batchMoments', address(x), address(moments), rows, channels);
  return moments;
};

export const batchNorm: Implementation<'x' | 'gamma' | 'beta' | 'statistics'> = ({
  inputs: { x, gamma, beta, statistics },
}) => {
  const [rows, channels] = rowsAndChannels(x);
  const y = output(x.shape);
  const addresses = [x, gamma, beta, statistics, y].map(address);
  launch('batchNorm', ...addresses, scratch(4 * scratchRows * channels), rows, channels);
  return y;
};

export const batchNormGradient: Implementation<'dy' | 'x' | 'gamma' | 'statistics'> = ({
  inputs: { dy, x, gamma, statistics },
}) => {
  const [rows, channels] = rowsAndChannels(x);
  const gradients = [output(x.shape), output([channels]), output([channels])];
  const addresses = [dy, x, gamma, statistics, ...gradients].map(address);
  launch('batchNormGradient', ...addresses, scratch(4 * scratchRows * channels), rows, channels);
  return gradients;
};

export const updateRunning: Implementation<'running' | 'moments' | 'momentum' | 'x'> = ({
  inputs: { running, moments, momentum, x },
}) => {
  launch('updateRunning', address(running), address(moments), address(momentum), ...rowsAndChannels(x));
  return [];
};

export const channelScale: Implementation<'gamma' | 'statistics'> = ({ inputs: { gamma, statistics } }) => {
  const scales = output(gamma.shape);
  launch('channelScale', address(gamma), address(statistics), address(scales), gamma.shape[0]!);
  return scales;
};
