/** dropout(x): sets a random share of the values to 0 while it trains (Srivastava et al. 2014). */
import type { Tensor } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, runKernel } from '../definition';
import { dropoutCpu } from './cpu';
import { dropoutWasm } from './wasm';
import { dropoutWebgpu } from './webgpu';

const name = 'Dropout';

/**
 * y = x * fl(1 / (1 - rate)) where the element's random number is at least the rate, else 0 (PyTorch's convention: the
 * expectation stays x). The random numbers are those of ../random.ts, of the seed, the clock and the element's index: the
 * same on every backend, and in the gradient dx = dy * mask / (1 - rate), which must run before the clock advances. Give
 * each site a seed of its own. A rate of 0 or a negative clock (evaluation) leaves x as it is; NaN stays NaN.
 * @param x any shape
 * @param rate [1], in [0, 1] @param seed [1], 0 to 2^24 - 1 @param clock [1], the step
 * @throws if a shape does not fit
 */
export function dropout<X extends Tensor>(x: X, rate: Tensor, seed: Tensor, clock: Tensor): X {
  expectShape('The dropout rate', rate.shape, [1]);
  expectShape('The seed', seed.shape, [1]);
  expectShape('The clock', clock.shape, [1]);
  return runKernel<X>(name, { x, rate, seed, clock });
}

/** Registers the kernel and its gradient. */
export function registerDropout(): void {
  defineKernel({
    name,
    cpu: dropoutCpu,
    wasm: dropoutWasm,
    webgpu: dropoutWebgpu,
    gradient: {
      inputsToSave: ['rate', 'seed', 'clock'],
      // Linear in x: the gradient is masked as x is.
      gradFunc: (dy, saved) => {
        const [rate, seed, clock] = saved as [Tensor, Tensor, Tensor];
        return { x: () => dropout(dy as Tensor, rate, seed, clock) };
      },
    },
  });
}
