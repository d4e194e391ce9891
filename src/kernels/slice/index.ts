/** Puts a copy of blocks in the place of tfjs's slice and unstack on WebAssembly, which go through JavaScript row by row. */
import { Slice, Unpack } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../registry';
import { sliceKernel, unpackKernel } from './wasm';

export function registerSlice(): void {
  replaceKernel(Slice, 'wasm', sliceKernel);
  replaceKernel(Unpack, 'wasm', unpackKernel);
}
