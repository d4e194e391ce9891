/**
 * Runs the project's own WGSL through tfjs's webgpu backend. Unlike tfjs's programs, a shader here may write several of
 * its tensors, also in place. Every dispatch goes through the backend's recordAndSubmit, as tfjs's own do.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { exactArithmetic } from './wgsl';

/** A tensor of a shader: an array of that name and type (f32 if not given). `inout` is written in place, `out` is new. */
export interface ShaderTensor {
  readonly name: string;
  readonly use: 'in' | 'out' | 'inout';
  readonly type?: 'f32' | 'i32' | 'vec4<f32>';
  /**
   * What of it is touched from where, if that is limited: element i by thread i (of all threads) alone, or by workgroup g
   * nothing that another touches, wherever it is said of this tensor's shape. A recording may then run two
   * shaders that share it one after the other in the same workgroups (./recorders/join.ts).
   */
  readonly reach?: 'thread' | 'column';
  /** Read as `name[...]`, each element once in all: a recording may compute it there (`element`). */
  readonly once?: true;
}

export interface ShaderSource {
  /** Names the shader in labels and profiles. */
  readonly name: string;
  /** At least one of them is written. */
  readonly tensors: readonly ShaderTensor[];
  /** Names of i32 members of `uniforms`, given at each dispatch: lengths, never anything that changes in a run. */
  readonly uniforms: readonly string[];
  /** Threads in a workgroup; 64 if not given. */
  readonly workgroupSize?: number;
  /** WGSL with `fn main(group: u32, lane: u32)`; must use every tensor. It may use ./wgsl.ts and uniforms.nan. */
  readonly code: string;
  /** WGSL with `fn element(i: u32) -> f32`, the value at i of the first tensor, the only one written; must use all others. */
  readonly element?: string;
}

/** What is left to say of a shader whose thread i makes element i of its first tensor. */
export const elementwise = (
  source: Omit<ShaderSource, 'code' | 'element'>,
  element: string,
): ShaderSource => {
  const [{ name }] = source.tensors as [ShaderTensor];
  const size = source.workgroupSize ?? defaultWorkgroupSize;
  return {
    ...source,
    element,
    code: `
${element}
fn main(group: u32, lane: u32) {
  let i = group * ${size}u + lane;
  if (i < u32(uniforms.${name}Length)) { ${name}[i] = element(i); }
}`,
  };
};

/** The private part of tfjs's backend that a dispatch needs. */
interface Dispatcher {
  recordAndSubmit(
    program: ShaderProgram,
    output: TensorInfo,
    inputs: readonly TensorInfo[],
    uniforms: readonly { type: string; data: number[] }[],
  ): void;
}

export const defaultWorkgroupSize = 64;
const maximumWorkgroups = 65535;

/** What recordAndSubmit reads of a program. tfjs shows the class name in profiles. */
class ShaderProgram {
  constructor(
    readonly shaderKey: string,
    readonly pipeline: GPUComputePipeline,
    readonly dispatch: readonly [number, number, number],
    /** For a recording, which may join it with others (./recorders/join.ts). */
    readonly source: ShaderSource,
  ) {}
}

/** Members of a shader's uniforms in recordAndSubmit's order: NaN, infinity, shape and strides of each tensor with the first one last, then ours. */
export function uniformMembers({ tensors: [first, ...rest], uniforms }: ShaderSource): string {
  const lengths = [...rest, first!].map(({ name }) => `${name}Length: i32, ${name}Stride: i32,`);
  return `nan: f32, infinity: f32, ${lengths.join(' ')} zero: i32, ${uniforms.map((name) => `${name}: i32,`).join(' ')}`;
}

export const bindingOf = (
  index: number,
  name: string,
  written: boolean,
  type: ShaderTensor['type'] = 'f32',
): string =>
  `@group(0) @binding(${index}) var<storage, ${written ? 'read_write' : 'read'}> ${name}: array<${type}>;`;

const withoutCopies = new WeakSet<object>();

/**
 * Keeps tfjs from caching on the CPU what it reads from a tensor, for good: the copy is stale once the tensor is
 * written in place, and a read may store it as late as after that.
 */
export function forbidCopies(data: object): void {
  if (withoutCopies.has(data)) return;
  withoutCopies.add(data);
  Object.defineProperty(data, 'values', { get: () => null, set: () => {} });
}

/** A shader, compiled once per device at its first use. */
export class Shader {
  readonly #pipelines = new WeakMap<GPUDevice, GPUComputePipeline>();

  constructor(private readonly source: ShaderSource) {}

  /**
   * Dispatches the shader.
   * @param tensors in the order of the source; those in use `out` or `inout` hold the results afterwards
   * @param uniforms in the order of the source
   * @param workgroups how many; `group` may exceed it (it is rounded up to a rectangle above 65535)
   */
  run(
    backend: object,
    tensors: readonly TensorInfo[],
    uniforms: readonly number[],
    workgroups: number,
  ): void {
    const gpu = backend as WebGPUBackend;
    // Flat shapes, so that the uniforms tfjs puts first always have the same layout.
    const flat = tensors.map(({ dataId, dtype, shape }) => ({
      dataId,
      dtype,
      shape: [util.sizeFromShape(shape)],
    }));
    this.source.tensors.forEach(({ use }, i) => {
      const { dataId } = flat[i]!;
      gpu.uploadToGPU(dataId);
      if (use === 'inout') forbidCopies(gpu.tensorMap.get(dataId));
    });
    const columns = Math.min(workgroups, maximumWorkgroups);
    const dispatch = [columns, Math.ceil(workgroups / columns), 1] as const;
    const program = new ShaderProgram(this.source.name, this.#pipeline(gpu.device), dispatch, this.source);
    const [first, ...rest] = flat;
    const own = [0, ...uniforms].map((value) => ({ type: 'int32', data: [value] }));
    (gpu as unknown as Dispatcher).recordAndSubmit(program, first!, rest, own);
  }

  /** Dispatches one thread per element: `group * 64 + lane` runs over `count` or somewhat more. */
  runFor(
    backend: object,
    count: number,
    tensors: readonly TensorInfo[],
    uniforms: readonly number[] = [],
  ): void {
    const size = this.source.workgroupSize ?? defaultWorkgroupSize;
    this.run(backend, tensors, uniforms, Math.ceil(count / size));
  }

  #pipeline(device: GPUDevice): GPUComputePipeline {
    const cached = this.#pipelines.get(device);
    if (cached) return cached;
    const label = this.source.name;
    const module = device.createShaderModule({ code: this.#wgsl(), label });
    const pipeline = device.createComputePipeline({
      compute: { module, entryPoint: 'start' },
      label,
      layout: 'auto',
    });
    this.#pipelines.set(device, pipeline);
    return pipeline;
  }

  #wgsl(): string {
    const { tensors, workgroupSize = defaultWorkgroupSize, code } = this.source;
    const bindings = tensors.map(({ name, use, type }, i) => bindingOf(i, name, use !== 'in', type));
    return `
struct Uniforms {
  ${uniformMembers(this.source)}
}
${bindings.join('\n')}
@group(0) @binding(${tensors.length}) var<uniform> uniforms: Uniforms;
${exactArithmetic}
${code}
@compute @workgroup_size(${workgroupSize})
fn start(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  zero = bitcast<u32>(uniforms.zero);
  main(group.y * groups.x + group.x, lane);
}
`;
  }
}

/** A new tensor on the webgpu backend, its values not yet written. */
export function output(backend: object, shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
  return (backend as WebGPUBackend).makeTensorInfo([...shape], dtype);
}

/** Releases a tensor that a kernel made for itself; its buffer is reused once the queued work is done. */
export function release(backend: object, info: TensorInfo): void {
  (backend as WebGPUBackend).disposeData(info.dataId);
}
