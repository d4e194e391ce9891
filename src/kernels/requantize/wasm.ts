/** Requantization in WebAssembly (../assembly/requantize.ts). */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output } from '../wasm';

export const factorsWasm: Implementation<
  'inputParams' | 'weightParams' | 'bias' | 'moreParams' | 'outParams'
> = ({ inputs: { inputParams, weightParams, bias, moreParams, outParams } }) => {
  const channels = lastAxis(weightParams.shape);
  const factors = output([4, channels]);
  launch(
    'requantizeFactors',
    address(inputParams),
    address(weightParams),
    address(bias),
    address(moreParams),
    address(outParams),
    address(factors),
    channels,
    lastAxis(moreParams.shape),
  );
  return factors;
};

export const requantizeWasm: Implementation<'sums' | 'more' | 'factors' | 'outParams' | 'settings'> = ({
  inputs: { sums, more, factors, outParams, settings },
}) => {
  const y = output(sums.shape);
  launch(
    'requantize',
    address(sums),
    Number(sums.dtype === 'int32'),
    address(more),
    Number(util.sizeFromShape(more.shape) > 1),
    address(factors),
    address(outParams),
    address(settings),
    address(y),
    util.sizeFromShape(sums.shape),
    lastAxis(factors.shape),
  );
  return y;
};
