/**
 * Recording on WebGPU: while a computation runs on tfjs's backend, some of the backend's methods are replaced, so that its
 * dispatches are noted as (pipeline, bind group, size) and encoded again at each replay, without tfjs's engine, new
 * buffers or uniforms.
 *
 * Tensors made while recording lie in buffers that the recording takes from the backend's pool, reuses in program order
 * and gives back at `dispose`. What the computation takes from JavaScript, such as numbers, shapes and tensors made from
 * arrays, is a constant of the recording; what changes from run to run must lie in tensors that are written in place.
 *
 * Replays run dispatches that do not depend on each other as one (./join.ts).
 */
import type { DataId, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { forbidCopies } from '../webgpu';
import {
  bufferOf,
  bytesOf,
  copyBytes,
  type Dispatch,
  encode,
  flush,
  flushIfLong,
  type Gpu,
  type Launch,
  layOut,
  type Program,
  type TensorData,
  tensorUsage,
  type Uniform,
} from './gpu';
import { GpuCopies } from './gpuCopies';
import { inlined } from './inline';
import { groupsOf, type Recorded } from './join';
import { joined } from './joinedShader';
import { NotRecordable, type Recorder, type StepRecording } from './recorder';

let active: WebgpuRecording | undefined;

/** Buffers up to so many bytes are not used again within a recording: dispatches that share one cannot be joined. */
const ownBytes = 2 ** 14;

interface Noted extends Dispatch, Recorded {
  readonly uniforms: readonly Uniform[];
}

const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

function pipelineOf(device: GPUDevice, label: string, code: string): GPUComputePipeline {
  const known = pipelines.get(device) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(device, known);
  let pipeline = known.get(code);
  if (!pipeline) {
    const module = device.createShaderModule({ code, label });
    const compute = { module, entryPoint: 'start' };
    pipeline = device.createComputePipeline({ compute, label, layout: 'auto' });
    known.set(code, pipeline);
  }
  return pipeline;
}

class WebgpuRecording implements StepRecording {
  private readonly segments: Launch[][] = [];
  /** Data of tensors made while recording, and those of them that outlive a segment. */
  private readonly made = new Set<DataId>();
  private readonly held = new Set<DataId>();
  /** Data of others that launches read or write: it stays while they may run again. */
  private readonly foreign = new Set<DataId>();
  private readonly buffers = new Set<GPUBuffer>();
  /** Written from JavaScript once: serve nothing else. */
  private readonly constants = new Set<GPUBuffer>();
  private readonly free = new Map<number, GPUBuffer[]>();
  private readonly uniforms = new Map<string, GPUBuffer>();
  joins = 0;

  constructor(
    private readonly gpu: Gpu,
    private readonly mayJoin: boolean,
  ) {}

  capture<T>(compute: () => T): T {
    if (active) throw new NotRecordable('A recording is in progress.');
    const launches: Noted[] = [];
    const { gpu } = this;
    const methods = this.methods(launches);
    const env = tf.env();
    const onCpu = env.getBool('WEBGPU_CPU_FORWARD');
    // Small operations that tfjs computes in JavaScript would be constants.
    env.set('WEBGPU_CPU_FORWARD', false);
    active = this;
    Object.assign(gpu, methods);
    try {
      return compute();
    } finally {
      for (const name of Object.keys(methods)) delete (gpu as unknown as Record<string, unknown>)[name];
      active = undefined;
      env.set('WEBGPU_CPU_FORWARD', onCpu);
      this.hold();
      this.segments.push(this.mayJoin ? this.join(launches) : launches);
    }
  }

  /** The same work in fewer dispatches. */
  private join(launches: readonly Noted[]): Launch[] {
    const { device, tensorMap } = this.gpu;
    const alive = new Set([...this.held].map((dataId) => tensorMap.get(dataId).resource!));
    const { limits } = device;
    const fewer = inlined(launches, alive, limits.maxStorageBuffersPerShaderStage);
    return groupsOf(fewer, limits).map((chains): Launch => {
      const all = chains.flat();
      const [first] = all;
      if (all.length === 1 && !first!.inlined) return first!;
      this.joins++;
      const { label, code, buffers, units } = joined(chains);
      const pipeline = pipelineOf(device, label, code);
      const values = (units as Noted[]).map(({ uniforms, groups }) =>
        layOut([...uniforms, { type: 'int32', data: [groups] }]),
      );
      const bindGroup = this.bindGroup(pipeline, buffers, this.uniformBuffer(values));
      if (chains.length === 1) return { ...first!, pipeline, bindGroup };
      return { pipeline, bindGroup, x: chains.reduce((sum, [{ groups }]) => sum + groups, 0), y: 1, z: 1 };
    });
  }

  private methods(launches: Noted[]): Partial<Gpu> {
    const { gpu, made } = this;
    const prototype = Object.getPrototypeOf(gpu) as Gpu;
    const notRead = (): never => {
      throw new NotRecordable('A tensor is read within the step.');
    };
    return {
      write: (values, shape, dtype) => {
        const dataId = prototype.write.call(gpu, values, shape, dtype);
        made.add(dataId);
        return dataId;
      },
      uploadToGPU: (dataId) => {
        const data = gpu.tensorMap.get(dataId);
        if (data.resource) return;
        if (made.has(dataId) && !data.values) {
          data.resource = this.take(data);
          return;
        }
        prototype.uploadToGPU.call(gpu, dataId);
        if (!made.has(dataId)) return;
        this.buffers.add(data.resource!);
        this.constants.add(data.resource!);
      },
      releaseResource: (dataId) => {
        const data = gpu.tensorMap.get(dataId);
        if (!made.has(dataId)) return prototype.releaseResource.call(gpu, dataId);
        if (data?.resource && !this.constants.has(data.resource)) this.release(data.resource);
        if (data) data.resource = null;
      },
      recordAndSubmit: (program, output, inputs, uniforms) => {
        const launch = this.launchOf(program, output, inputs, uniforms);
        launches.push(launch);
        encode(gpu, [launch]);
      },
      getBufferData: notRead,
      readSync: notRead,
      read: notRead,
      readToGPU: notRead,
      copyBuffer: notRead,
    };
  }

  replay(segment: number): void {
    encode(this.gpu, this.segments[segment]!);
    flushIfLong(this.gpu);
  }

  addCopy(from: Tensor, to: Tensor): void {
    const { gpu } = this;
    this.segments.at(-1)!.push({ from: bufferOf(gpu, from), to: bufferOf(gpu, to), bytes: bytesOf(to) });
  }

  dispose(): void {
    const { gpu } = this;
    flush(gpu);
    for (const dataId of [...this.held, ...this.foreign]) {
      if (!gpu.tensorMap.has(dataId)) continue;
      const data = gpu.tensorMap.get(dataId);
      // What someone still holds takes its buffer along.
      if (data.resource && data.refCount > 1) this.buffers.delete(data.resource);
      else if (this.held.has(dataId)) data.resource = null;
      if (gpu.disposeData(dataId)) tf.engine().removeDataId(dataId, gpu as never);
    }
    for (const buffer of [...this.buffers, ...this.uniforms.values()])
      gpu.bufferManager.releaseBuffer(buffer);
    for (const each of [this.made, this.held, this.foreign, this.buffers, this.constants]) each.clear();
    this.free.clear();
    this.uniforms.clear();
    this.segments.length = 0;
  }

  /** What tfjs's recordAndSubmit would dispatch. */
  private launchOf(
    program: Program,
    output: TensorInfo,
    inputs: readonly TensorInfo[],
    own?: Uniform[],
  ): Noted {
    const { gpu } = this;
    if (program.pixelsOpType != null) throw new NotRecordable('An image is drawn within the step.');
    const uniforms: Uniform[] = [
      { type: 'float32', data: [Number.NaN] },
      { type: 'float32', data: [Number.POSITIVE_INFINITY] },
    ];
    for (const { shape } of [...inputs, output])
      uniforms.push({ type: 'int32', data: shape }, { type: 'int32', data: tf.util.computeStrides(shape) });
    if (program.size) {
      const size = tf.util.sizeFromShape(program.outputShape!);
      uniforms.push({ type: 'int32', data: [size / (program.outputComponent ?? 1)] });
    }
    for (const { dataId } of [output, ...inputs]) {
      if (this.made.has(dataId) || this.foreign.has(dataId)) continue;
      gpu.incRef(dataId);
      this.foreign.add(dataId);
    }
    if (own) uniforms.push(...own);
    const buffers = [output, ...inputs].map(({ dataId }) => gpu.tensorMap.get(dataId).resource!);
    const { pipeline, source } = program;
    const bindGroup = this.bindGroup(pipeline, buffers, this.uniformBuffer([layOut(uniforms)]));
    const [x, y, z] = program.dispatch;
    const written = buffers.map((_, i) => (source ? source.tensors[i]!.use !== 'in' : i === 0));
    return { pipeline, bindGroup, x, y, z, source, buffers, written, groups: x * y * z, uniforms };
  }

  private bindGroup(
    pipeline: GPUComputePipeline,
    buffers: readonly GPUBuffer[],
    uniforms: GPUBuffer,
  ): GPUBindGroup {
    return this.gpu.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [...buffers, uniforms].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }

  /** A buffer of these values that nobody writes, the same one for the same values. */
  private uniformBuffer(parts: readonly ArrayBuffer[]): GPUBuffer {
    const { gpu } = this;
    const values = parts.length === 1 ? parts[0]! : side(parts);
    const key = `${new Uint32Array(values)}`;
    const known = this.uniforms.get(key);
    if (known) return known;
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
    const made = gpu.bufferManager.acquireBuffer(values.byteLength, usage);
    gpu.device.queue.writeBuffer(made, 0, values);
    this.uniforms.set(key, made);
    return made;
  }

  private take({ shape }: TensorData): GPUBuffer {
    const bytes = 4 * tf.util.sizeFromShape(shape);
    const used = this.free.get(bytes)?.pop();
    if (used) return used;
    const buffer = this.gpu.bufferManager.acquireBuffer(bytes, tensorUsage);
    this.buffers.add(buffer);
    return buffer;
  }

  private release(buffer: GPUBuffer): void {
    if (this.mayJoin && buffer.size <= ownBytes) return;
    const list = this.free.get(buffer.size);
    if (list) list.push(buffer);
    else this.free.set(buffer.size, [buffer]);
  }

  /** Keeps what is still alive after a segment. */
  private hold(): void {
    const { gpu } = this;
    for (const dataId of this.made) {
      if (!gpu.tensorMap.has(dataId)) this.made.delete(dataId);
      else if (!this.held.has(dataId)) {
        gpu.incRef(dataId);
        this.held.add(dataId);
      }
    }
  }
}

/** Parts side by side, each from a multiple of 16 bytes on. */
function side(parts: readonly ArrayBuffer[]): ArrayBuffer {
  const starts: number[] = [];
  let end = 0;
  for (const { byteLength } of parts) {
    starts.push(end);
    end += 16 * Math.ceil(byteLength / 16);
  }
  const all = new Uint8Array(end);
  parts.forEach((part, i) => {
    all.set(new Uint8Array(part), starts[i]);
  });
  return all.buffer;
}

class WebgpuRecorder implements Recorder {
  constructor(private readonly gpu: Gpu) {}

  start(mayJoin: boolean): StepRecording {
    return new WebgpuRecording(this.gpu, mayJoin);
  }

  share<T extends Tensor>(tensor: T): T {
    this.gpu.incRef(tensor.dataId);
    return tf.engine().makeTensorFromTensorInfo(tensor) as T;
  }

  copy(from: Tensor, to: Tensor, element = 0): void {
    const { gpu } = this;
    copyBytes(gpu, bufferOf(gpu, from), bufferOf(gpu, to), bytesOf(from), 4 * element);
  }

  save(tensors: readonly Tensor[]): GpuCopies {
    return new GpuCopies(this.gpu, tensors);
  }

  watch(tensors: readonly Tensor[]): void {
    for (const { dataId } of tensors) {
      this.gpu.uploadToGPU(dataId);
      forbidCopies(this.gpu.tensorMap.get(dataId));
    }
  }
}

/** @returns undefined unless the current backend is tfjs's webgpu */
export function webgpuRecorder(): Recorder | undefined {
  return tf.getBackend() === 'webgpu' ? new WebgpuRecorder(tf.backend() as unknown as Gpu) : undefined;
}
