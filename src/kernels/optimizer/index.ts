/**
 * The optimizers' steps, in place, one kernel per variable. Hyperparameters are tensors, so that a recorded step follows
 * when they change.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, runKernelForAll } from '../definition';
import { adamStepCpu, adamTickCpu, sgdStepCpu } from './cpu';
import { adamStepWasm, adamTickWasm, sgdStepWasm } from './wasm';
import { adamStepWebgpu, adamTickWebgpu, sgdStepWebgpu } from './webgpu';

/** Values of the hyper tensor of Adam before its first step. */
export function initialAdamHyper(
  learningRate: number,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
): [number, number, number, number, number, number] {
  return [learningRate, beta1, beta2, epsilon, 1, 1];
}

function expectSameShapes(w: Tensor, others: Readonly<Record<string, Tensor>>): void {
  for (const [what, tensor] of Object.entries(others)) expectShape(what, tensor.shape, w.shape);
}

/**
 * Advances Adam's step counter: multiplies beta1^t and beta2^t by their betas. Once per step, before its adamSteps.
 * @param hyper [6]: learningRate, beta1, beta2, epsilon, beta1^t, beta2^t; changed in place
 */
export function adamTick(hyper: Tensor): void {
  expectShape("Adam's hyperparameters", hyper.shape, [6]);
  runKernelForAll('AdamTick', { hyper });
}

/**
 * One step of Adam (Kingma & Ba 2015, algorithm 1, with epsilon outside the root, as in PyTorch), in place:
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
 * w -= learningRate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).
 * @param w, m, v are changed, and with them every tensor that shares their data; g is not. Of equal shape.
 * @param hyper [6], as for adamTick
 */
export function adamStep(w: Tensor, g: Tensor, m: Tensor, v: Tensor, hyper: Tensor): void {
  expectShape("Adam's hyperparameters", hyper.shape, [6]);
  expectSameShapes(w, { 'The gradient': g, 'The first moment': m, 'The second moment': v });
  runKernelForAll('AdamStep', { w, g, m, v, hyper });
}

/**
 * One step of gradient descent with momentum, as PyTorch's SGD does without dampening, in place:
 * velocity = momentum * velocity + g, w -= learningRate * velocity.
 * @param w, velocity are changed, and with them every tensor that shares their data; g is not. Of equal shape.
 * @param hyper [2]: learningRate, momentum
 */
export function sgdStep(w: Tensor, g: Tensor, velocity: Tensor, hyper: Tensor): void {
  expectShape("SGD's hyperparameters", hyper.shape, [2]);
  expectSameShapes(w, { 'The gradient': g, 'The velocity': velocity });
  runKernelForAll('SgdStep', { w, g, velocity, hyper });
}

/** Registers the kernels of all optimizers. */
export function registerOptimizer(): void {
  defineKernel({ name: 'AdamTick', cpu: adamTickCpu, wasm: adamTickWasm, webgpu: adamTickWebgpu });
  defineKernel({ name: 'AdamStep', cpu: adamStepCpu, wasm: adamStepWasm, webgpu: adamStepWebgpu });
  defineKernel({ name: 'SgdStep', cpu: sgdStepCpu, wasm: sgdStepWasm, webgpu: sgdStepWebgpu });
}
