/**
 * Puts sums and products of our own in the place of tfjs's Add and Multiply on WebAssembly, which a recorded step would
 * have to call through JavaScript, and which walk a broadcast value by value. The numbers are the same.
 */
import { Add, Multiply } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../registry';
import { binaryKernel } from './wasm';

export function registerElementwise(): void {
  replaceKernel(Add, 'wasm', binaryKernel('addValues'));
  replaceKernel(Multiply, 'wasm', binaryKernel('multiplyValues'));
}
