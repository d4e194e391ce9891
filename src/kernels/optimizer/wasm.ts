/** The optimizers in WebAssembly, in the tensors' own memory (../assembly/optimizer.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch } from '../wasm';

export const adamTickWasm: Implementation<'hyper'> = ({ inputs: { hyper } }) => {
  launch('adamTick', address(hyper));
  return [];
};

export const adamStepWasm: Implementation<'w' | 'g' | 'm' | 'v' | 'hyper'> = ({
  inputs: { w, g, m, v, hyper },
}) => {
  launch(
    'adamStep',
    address(w),
    address(g),
    address(m),
    address(v),
    address(hyper),
    util.sizeFromShape(w.shape),
  );
  return [];
};

export const sgdStepWasm: Implementation<'w' | 'g' | 'velocity' | 'hyper'> = ({
  inputs: { w, g, velocity, hyper },
}) => {
  launch('sgdStep', address(w), address(g), address(velocity), address(hyper), util.sizeFromShape(w.shape));
  return [];
};
