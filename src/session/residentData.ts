/**
 * Training examples that lie where the backend computes, on the WebGPU device or on the WebAssembly heap: a batch is
 * gathered there by a list of rows, so that a step uploads nothing but an index for each example, once an epoch.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type Shape, volume } from '@/catalog/layers';
import type { Split } from '@/data/dataset';
import { address, currentWasmBackend, launch } from '@/kernels/wasm';
import { Shader } from '@/kernels/webgpu';
import type { Batch } from './batches';

const perGroup = 64;
/** Examples up to this many bytes are kept on the WebAssembly heap too, which cannot shrink. */
const mostBytesOnHeap = 2 ** 27;

/** Thread i makes element i of x; the first ones also make the labels. */
const gatherShader = (bytes: boolean) =>
  new Shader({
    name: bytes ? 'gatherBytes' : 'gatherFloats',
    tensors: [
      { name: 'x', use: 'inout' },
      { name: 'y', use: 'inout', type: 'i32' },
      { name: 'examples', use: 'in', type: bytes ? 'i32' : 'f32' },
      { name: 'labels', use: 'in', type: 'i32' },
      { name: 'rows', use: 'in', type: 'i32' },
      ...(bytes ? [{ name: 'shares', use: 'in' } as const] : []),
    ],
    uniforms: ['size', 'perExample', 'first'],
    code: `
fn main(group: u32, lane: u32) {
  let i = i32(group * ${perGroup}u + lane);
  if (i < uniforms.yLength) {
    y[i] = labels[rows[uniforms.first + i / uniforms.perExample] * uniforms.perExample + i % uniforms.perExample];
  }
  if (i >= uniforms.xLength) { return; }
  let at = rows[uniforms.first + i / uniforms.size] * uniforms.size + i % uniforms.size;
  ${bytes ? 'x[i] = shares[(u32(examples[at / 4]) >> (8u * u32(at % 4))) & 255u];' : 'x[i] = examples[at];'}
}`,
  });
const gatherBytes = gatherShader(true);
const gatherFloats = gatherShader(false);

export class ResidentData {
  private readonly tensors: { examples: tf.Tensor; labels: tf.Tensor; shares?: tf.Tensor };
  private readonly labelsPerExample: number;
  private readonly size: number;
  /** The epoch's order on the device. */
  private rows: { order: Int32Array; tensor: tf.Tensor } | undefined;
  private batch: Batch | undefined;

  private constructor(
    private readonly backend: object,
    split: Split,
    private readonly inputShape: Shape,
  ) {
    this.size = volume(inputShape);
    this.labelsPerExample = split.y.length / split.count;
    const labels = tf.tensor1d(Int32Array.from(split.y), 'int32');
    if (split.x instanceof Uint8Array) {
      const words = new Int32Array(Math.ceil(split.x.length / 4));
      new Uint8Array(words.buffer).set(split.x);
      const examples = tf.tensor1d(words, 'int32');
      // value / 255 as JavaScript rounds it: a division in WGSL may be off in the last bit.
      const shares = tf.tensor1d(Float32Array.from({ length: 256 }, (_, byte) => byte / 255));
      this.tensors = { examples, labels, shares };
    } else this.tensors = { examples: tf.tensor1d(split.x), labels };
  }

  /** @returns undefined where the backend has no such place, or the examples are too many for it */
  static of(split: Split, inputShape: Shape): ResidentData | undefined {
    if (split.count === 0) return undefined;
    const bytes = Math.max(split.x.byteLength, split.y.length * 4) + 3;
    return bytes > mostBytes() ? undefined : new ResidentData(tf.backend(), split, inputShape);
  }

  /**
   * The batch of `count` rows of an order, from one place on, in tensors that the next batch of this size writes anew.
   * @param order a new array whenever its values change
   */
  gather(order: Int32Array, from: number, count: number): Batch {
    if (this.rows?.order !== order) {
      this.rows?.tensor.dispose();
      this.rows = { order, tensor: tf.tensor1d(order, 'int32') };
    }
    if (this.batch?.x.shape[0] !== count) {
      if (this.batch) tf.dispose([this.batch.x, this.batch.y]);
      this.batch = {
        x: tf.zeros([count, ...this.inputShape]),
        y: tf.zeros([count * this.labelsPerExample], 'int32'),
      };
    }
    const { x, y } = this.batch;
    if (currentWasmBackend()) this.gatherOnHeap(this.rows.tensor, from, this.batch);
    else this.gatherOnDevice(this.rows.tensor, from, this.batch);
    return { x: tf.clone(x), y: tf.clone(y) };
  }

  private gatherOnHeap(rows: tf.Tensor, from: number, { x, y }: Batch): void {
    const { examples, labels, shares } = this.tensors;
    const first = address(rows) + 4 * from;
    const count = x.shape[0]!;
    launch(shares ? 'gatherBytes' : 'gatherFloats', address(examples), first, address(x), count, this.size);
    launch('gatherLabels', address(labels), first, address(y), count, this.labelsPerExample);
  }

  private gatherOnDevice(rows: tf.Tensor, from: number, { x, y }: Batch): void {
    const { examples, labels, shares } = this.tensors;
    const tensors: TensorInfo[] = [x, y, examples, labels, rows, ...(shares ? [shares] : [])];
    const threads = Math.max(x.size, y.size);
    const shader = shares ? gatherBytes : gatherFloats;
    shader.runFor(this.backend, threads, tensors, [this.size, this.labelsPerExample, from]);
  }

  dispose(): void {
    tf.dispose([...Object.values(this.tensors)]);
    this.rows?.tensor.dispose();
    if (this.batch) tf.dispose([this.batch.x, this.batch.y]);
  }
}

/** Bytes of a tensor of examples that the current backend has room for. */
function mostBytes(): number {
  if (currentWasmBackend()) return mostBytesOnHeap;
  if (tf.getBackend() !== 'webgpu') return 0;
  const { limits } = (tf.backend() as unknown as { device: GPUDevice }).device;
  return Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}
