/**
 * A long short-term memory in three kernels, so that a layer can round the gates and the cell between them, each with
 * its gradients. The products of input and of state with their weights, biases included, come in as x and h.
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, runKernel, runKernelForAll } from '../definition';
import { lstmCpu } from './cpu';
import { lstmWasm } from './wasm';
import { lstmWebgpu } from './webgpu';

/**
 * The gates [i | f | g | o] of an LSTM (Hochreiter and Schmidhuber 1997, with Gers' forget gate; PyTorch's LSTMCell):
 * sigmoid of x + h for i, f and o, tanh for g. Every operation rounds to float32 and tanh is one polynomial, so that all
 * backends give the same bits. NaN propagates. Gradients to x and h, the same for both.
 * @param x [B, 4H], the input's part: W_i x + b_i @param h [B, 4H], the state's part: W_h h + b_h
 * @returns [B, 4H]
 * @throws if a shape does not fit
 */
export function lstmGates(x: Tensor2D, h: Tensor2D): Tensor2D {
  expectParts("The LSTM's input part", x);
  expectShape("The LSTM's state part", h.shape, x.shape);
  return runKernel<Tensor2D>('LstmGates', { x, h });
}

/**
 * The next cell of an LSTM, f c + i g.
 * @param gates [B, 4H]: i, f, g, o @param cell [B, H], the cell before
 * @returns [B, H]
 * @throws if a shape does not fit
 */
export function lstmState(gates: Tensor2D, cell: Tensor2D): Tensor2D {
  expectCell(gates, cell);
  return runKernel<Tensor2D>('LstmState', { gates, cell });
}

/**
 * The hidden state of an LSTM, o tanh(c).
 * @param gates [B, 4H]: i, f, g, o @param cell [B, H], the cell of the same step
 * @returns [B, H]
 * @throws if a shape does not fit
 */
export function lstmHidden(gates: Tensor2D, cell: Tensor2D): Tensor2D {
  expectCell(gates, cell);
  return runKernel<Tensor2D>('LstmHidden', { gates, cell });
}

function expectParts(what: string, tensor: Tensor): void {
  const [, width = 0] = tensor.shape;
  if (tensor.rank !== 2 || width % 4 !== 0)
    throw new Error(`${what} must have the shape [B, 4H], but has [${tensor.shape.join(', ')}].`);
}

function expectCell(gates: Tensor2D, cell: Tensor2D): void {
  expectParts("The LSTM's gates", gates);
  expectShape("The LSTM's cell", cell.shape, [gates.shape[0], gates.shape[1] / 4]);
}

/** Registers the kernels and their gradients. */
export function registerLstm(): void {
  defineKernel<'x' | 'h'>({
    name: 'LstmGates',
    cpu: lstmCpu.lstmGates,
    wasm: lstmWasm.lstmGates,
    webgpu: lstmWebgpu.lstmGates,
    gradient: {
      outputsToSave: [true],
      gradFunc: (dy, [gates]) => {
        // Once for both, and here: tfjs runs each of the functions below in a tidy of its own.
        const dx = runKernel('LstmGatesGradient', { dy: dy as Tensor, gates: gates! });
        return { x: () => clone(dx), h: () => clone(dx) };
      },
    },
  });
  defineKernel<'dy' | 'gates'>({
    name: 'LstmGatesGradient',
    cpu: lstmCpu.lstmGatesGradient,
    wasm: lstmWasm.lstmGatesGradient,
    webgpu: lstmWebgpu.lstmGatesGradient,
  });
  for (const kind of ['State', 'Hidden'] as const) {
    defineKernel<'gates' | 'cell'>({
      name: `Lstm${kind}`,
      cpu: lstmCpu[`lstm${kind}`],
      wasm: lstmWasm[`lstm${kind}`],
      webgpu: lstmWebgpu[`lstm${kind}`],
      gradient: {
        inputsToSave: ['gates', 'cell'],
        gradFunc: (dy, saved) => {
          const [gates, cell] = saved as [Tensor, Tensor];
          const [dgates, dcell] = runKernelForAll(`Lstm${kind}Gradient`, { dy: dy as Tensor, gates, cell });
          return { gates: () => dgates!, cell: () => dcell! };
        },
      },
    });
    defineKernel<'dy' | 'gates' | 'cell'>({
      name: `Lstm${kind}Gradient`,
      cpu: lstmCpu[`lstm${kind}Gradient`],
      wasm: lstmWasm[`lstm${kind}Gradient`],
      webgpu: lstmWebgpu[`lstm${kind}Gradient`],
    });
  }
}
