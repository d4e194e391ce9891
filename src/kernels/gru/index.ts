/**
 * A gated recurrent unit in two kernels, so that a layer can round the gates between them, each with its gradients. The
 * products of input and of state with their weights, biases included, come in as x and h.
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, runKernel, runKernelForAll } from '../definition';
import { gruGatesCpu, gruGatesGradientCpu, gruStateCpu, gruStateGradientCpu } from './cpu';
import { gruGatesGradientWasm, gruGatesWasm, gruStateGradientWasm, gruStateWasm } from './wasm';
import { gruGatesGradientWebgpu, gruGatesWebgpu, gruStateGradientWebgpu, gruStateWebgpu } from './webgpu';

/**
 * The gates [r | z | n] of a GRU (Cho et al. 2014, with the reset gate after the product as in PyTorch's GRUCell):
 * r = sigmoid(xr + hr), z = sigmoid(xz + hz), n = tanh(xn + r hn). The r that n uses is the one before any rounding of
 * the gates. Every operation rounds to float32 and tanh is one polynomial, so that all backends give the same bits.
 * NaN propagates. Gradients to x and h.
 * @param x [B, 3H], the input's part: W_i x + b_i @param h [B, 3H], the state's part: W_h h + b_h
 * @returns [B, 3H]
 * @throws if a shape does not fit
 */
export function gruGates(x: Tensor2D, h: Tensor2D): Tensor2D {
  expectParts("The GRU's input part", x);
  expectShape("The GRU's state part", h.shape, x.shape);
  return runKernel<Tensor2D>('GruGates', { x, h });
}

/**
 * The next state of a GRU, (1 - z) n + z h. r was already used by the gates, and its gradient here is 0.
 * @param gates [B, 3H]: r, z, n @param h [B, H], the state before
 * @returns [B, H]
 * @throws if a shape does not fit
 */
export function gruState(gates: Tensor2D, h: Tensor2D): Tensor2D {
  expectParts("The GRU's gates", gates);
  expectShape("The GRU's state", h.shape, [gates.shape[0], gates.shape[1] / 3]);
  return runKernel<Tensor2D>('GruState', { gates, h });
}

function expectParts(what: string, tensor: Tensor): void {
  const [, width = 0] = tensor.shape;
  if (tensor.rank !== 2 || width % 3 !== 0)
    throw new Error(`${what} must have the shape [B, 3H], but has [${tensor.shape.join(', ')}].`);
}

/** Registers the kernels and their gradients. */
export function registerGru(): void {
  defineKernel<'x' | 'h'>({
    name: 'GruGates',
    cpu: gruGatesCpu,
    wasm: gruGatesWasm,
    webgpu: gruGatesWebgpu,
    gradient: {
      inputsToSave: ['h'],
      outputsToSave: [true],
      gradFunc: (dy, saved) => {
        const [h, gates] = saved as [Tensor, Tensor];
        // Here and not in the functions below: tfjs runs each of those in a tidy of its own.
        const [dx, dh] = runKernelForAll('GruGatesGradient', { dy: dy as Tensor, h, gates });
        return { x: () => dx!, h: () => dh! };
      },
    },
  });
  defineKernel<'dy' | 'h' | 'gates'>({
    name: 'GruGatesGradient',
    cpu: gruGatesGradientCpu,
    wasm: gruGatesGradientWasm,
    webgpu: gruGatesGradientWebgpu,
  });
  defineKernel<'gates' | 'h'>({
    name: 'GruState',
    cpu: gruStateCpu,
    wasm: gruStateWasm,
    webgpu: gruStateWebgpu,
    gradient: {
      inputsToSave: ['gates', 'h'],
      gradFunc: (dy, saved) => {
        const [gates, h] = saved as [Tensor, Tensor];
        const [dgates, dh] = runKernelForAll('GruStateGradient', { dy: dy as Tensor, gates, h });
        return { gates: () => dgates!, h: () => dh! };
      },
    },
  });
  defineKernel<'dy' | 'gates' | 'h'>({
    name: 'GruStateGradient',
    cpu: gruStateGradientCpu,
    wasm: gruStateGradientWasm,
    webgpu: gruStateGradientWebgpu,
  });
}
