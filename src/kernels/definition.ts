/** How a kernel of the project is defined: a name, one implementation per backend, and its gradient. */
import type { GradConfig, KernelFunc, NamedAttrMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** What a kernel gets: its tensors by name, and the tfjs backend that holds them. */
export interface KernelCall<Input extends string> {
  readonly inputs: Readonly<Record<Input, TensorInfo>>;
  readonly backend: object;
}

/** One backend's implementation. It returns new tensors, or none where it works in place. */
export type Implementation<Input extends string> = (call: KernelCall<Input>) => TensorInfo | TensorInfo[];

export interface KernelDefinition<Input extends string> {
  /** The name in tfjs's registry. */
  readonly name: string;
  readonly cpu: Implementation<Input>;
  readonly wasm: Implementation<Input>;
  readonly webgpu: Implementation<Input>;
  readonly gradient?: Omit<GradConfig, 'kernelName'>;
}

/** Registers a kernel, and its gradient if it has one, with tfjs for all three backends. */
export function defineKernel<Input extends string>(definition: KernelDefinition<Input>): void {
  for (const backendName of ['cpu', 'wasm', 'webgpu'] as const) {
    const kernelFunc = definition[backendName] as unknown as KernelFunc;
    tf.registerKernel({ kernelName: definition.name, backendName, kernelFunc });
  }
  if (definition.gradient) tf.registerGradient({ kernelName: definition.name, ...definition.gradient });
}

/** Runs a registered kernel with one result on the current backend. */
export function runKernel<Result extends Tensor>(name: string, inputs: Record<string, Tensor>): Result {
  return tf.engine().runKernel<Result>(name, inputs, noAttributes);
}

/** Runs a registered kernel with several results, or none, on the current backend. */
export function runKernelForAll(name: string, inputs: Record<string, Tensor>): Tensor[] {
  return tf.engine().runKernel<Tensor[]>(name, inputs, noAttributes);
}

const noAttributes: NamedAttrMap = {};

/**
 * Runs `compute` hidden from differentiation: its result is a constant to tfjs, whatever it was computed from. The
 * node that tfjs records has no inputs, so that no gradient, not even zeros, is computed for them.
 */
export function stopGradient<Result extends Tensor>(compute: () => Result): Result {
  return tf.customGrad(() => ({ value: compute(), gradFunc: () => [] }))() as Result;
}

/** Throws unless `shape` is as expected; `what` names the tensor in the message. A length of -1 matches any. */
export function expectShape(what: string, shape: readonly number[], expected: readonly number[]): void {
  const agrees =
    shape.length === expected.length && expected.every((length, i) => length === -1 || length === shape[i]);
  if (!agrees) {
    const lengths = expected.map((length) => (length === -1 ? 'any' : length));
    throw new Error(`${what} must have the shape [${lengths.join(', ')}], but has [${shape.join(', ')}].`);
  }
}

/** The length of the last axis; 1 for a scalar. */
export function lastAxis(shape: readonly number[]): number {
  return shape.at(-1) ?? 1;
}

/** Throws unless `settings` has at least the entries that a kernel reads; src/quant/settings.ts says what they are. */
export function expectSettings(settings: Tensor, entries = 4): void {
  if (settings.rank !== 1 || settings.size < entries)
    throw new Error(
      `The quantization settings must have the shape [${entries}] or longer, but have [${settings.shape.join(', ')}].`,
    );
}
