/** Puts copies of blocks in the place of tfjs's transpose, concat and stack on WebAssembly, which go through JavaScript. */
import { Concat, Pack, Transpose } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../registry';
import { concatKernel, packKernel, transposeKernel } from './wasm';

export function registerArrange(): void {
  replaceKernel(Transpose, 'wasm', transposeKernel);
  replaceKernel(Concat, 'wasm', concatKernel);
  replaceKernel(Pack, 'wasm', packKernel);
}
