/** The private parts of tfjs's webgpu backend (4.22) that recording rests on, and what is encoded in its order. */
import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { ShaderSource } from '../webgpu';

export interface TensorData {
  values: ArrayLike<number> | null;
  shape: number[];
  resource?: GPUBuffer | null;
  refCount: number;
}

export interface Program {
  pipeline: GPUComputePipeline;
  dispatch: [number, number, number];
  /** tfjs's own programs only */
  size?: boolean;
  outputShape?: number[];
  outputComponent?: number;
  pixelsOpType?: unknown;
  /** our own programs only */
  source?: ShaderSource;
}
export interface Uniform {
  type: string;
  data: number[];
}

export interface Gpu {
  readonly device: GPUDevice;
  readonly tensorMap: { get(id: DataId): TensorData; has(id: DataId): boolean };
  bufferManager: {
    acquireBuffer(size: number, usage: GPUBufferUsageFlags): GPUBuffer;
    releaseBuffer(buffer: GPUBuffer): void;
  };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  incRef(id: DataId): void;
  disposeData(id: DataId, force?: boolean): boolean;
  releaseResource(id: DataId): void;
  write(values: ArrayLike<number> | null, shape: number[], dtype: DataType): DataId;
  uploadToGPU(id: DataId): void;
  recordAndSubmit(
    program: Program,
    output: TensorInfo,
    inputs: readonly TensorInfo[],
    uniforms?: Uniform[],
  ): void;
  getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer>;
  readSync(id: DataId): unknown;
  read(id: DataId): Promise<unknown>;
  readToGPU(id: DataId): unknown;
  copyBuffer(buffer: GPUBuffer): GPUBuffer;
}

export const tensorUsage = 0x80 | 0x4 | 0x8; // STORAGE | COPY_SRC | COPY_DST
/** Dispatches after which what is encoded goes to the device, so that it works while more is encoded. */
const dispatchesPerSubmit = 256;

export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Something to be run again: a dispatch, or a copy between buffers. */
export type Launch =
  | Dispatch
  | {
      readonly pipeline?: undefined;
      readonly from: GPUBuffer;
      readonly to: GPUBuffer;
      readonly bytes: number;
    };

/** Encodes launches after all that tfjs has encoded. */
export function encode(gpu: Gpu, launches: readonly Launch[]): void {
  gpu.ensureCommandEncoderReady();
  let last: GPUComputePipeline | undefined;
  for (const launch of launches) {
    if (launch.pipeline === undefined) {
      copyBytes(gpu, launch.from, launch.to, launch.bytes);
      last = undefined;
      continue;
    }
    gpu.computePassEncoder ??= gpu.commandEncoder!.beginComputePass();
    const pass = gpu.computePassEncoder;
    if (launch.pipeline !== last) pass.setPipeline(launch.pipeline);
    last = launch.pipeline;
    pass.setBindGroup(0, launch.bindGroup);
    pass.dispatchWorkgroups(launch.x, launch.y, launch.z);
    gpu.dispatchCountInPass++;
  }
}

/** Encodes a copy of bytes between buffers. @param offset in `to` @param start in `from` */
export function copyBytes(
  gpu: Gpu,
  from: GPUBuffer,
  to: GPUBuffer,
  bytes: number,
  offset = 0,
  start = 0,
): void {
  gpu.endComputePassEncoder();
  gpu.ensureCommandEncoderReady();
  gpu.commandEncoder!.copyBufferToBuffer(from, start, to, offset, bytes);
}

/** Sends what is encoded to the device. */
export function flush(gpu: Gpu): void {
  if (!gpu.commandEncoder) return;
  gpu.endComputePassEncoder();
  gpu.submitQueue();
}

/** Sends what is encoded to the device if it is much. */
export function flushIfLong(gpu: Gpu): void {
  if (gpu.dispatchCountInPass >= dispatchesPerSubmit) flush(gpu);
}

/** The buffer of a tensor, on the device from now on. */
export function bufferOf(gpu: Gpu, { dataId }: TensorInfo): GPUBuffer {
  gpu.uploadToGPU(dataId);
  return gpu.tensorMap.get(dataId).resource!;
}

export const bytesOf = ({ shape }: TensorInfo): number => 4 * tf.util.sizeFromShape(shape);

/** Uniforms as WGSL lays out a struct of them (tfjs's makeUniforms): vectors of up to 4 aligned to their size, longer ones to 16. */
export function layOut(uniforms: readonly Uniform[]): ArrayBuffer {
  const lengths = uniforms.map(({ data }) => Math.max(data.length, 1));
  const alignments = lengths.map((length, i) => {
    const previous = lengths[i - 1] ?? 0;
    return length > 2 || previous > 4 ? 16 : 4 * length;
  });
  let end = 0;
  const offsets = lengths.map((length, i) => {
    const offset = Math.ceil(end / alignments[i]!) * alignments[i]!;
    end = offset + 4 * length;
    return offset;
  });
  const alignment = Math.max(...alignments);
  const buffer = new ArrayBuffer(Math.ceil(end / alignment) * alignment);
  uniforms.forEach(({ type, data }, i) => {
    const values = data.length === 0 ? [1] : data;
    const view = type === 'float32' ? Float32Array : Int32Array;
    new view(buffer, offsets[i], values.length).set(values);
  });
  return buffer;
}
