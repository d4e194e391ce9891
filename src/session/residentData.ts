/**
 * Training examples that lie on the WebGPU device: a batch is gathered there by a list of rows, so that a step uploads
 * nothing but an index for each example, once an epoch.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type Shape, volume } from '@/catalog/layers';
import type { Split } from '@/data/dataset';
import { Shader } from '@/kernels/webgpu';
import type { Batch } from './batches';

const perGroup = 64;

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
      // value / 255 as JavaScript rounds it: a division in WGSL may be off in the last bit.
      const shares = tf.tensor1d(Float32Array.from({ length: 256 }, (_, byte) => byte / 255));
      this.tensors = { examples: tf.tensor1d(words, 'int32'), labels, shares };
    } else this.tensors = { examples: tf.tensor1d(split.x), labels };
  }

  /** @returns undefined unless WebGPU is the current backend and a buffer of its device can hold the examples */
  static of(split: Split, inputShape: Shape): ResidentData | undefined {
    if (tf.getBackend() !== 'webgpu' || split.count === 0) return undefined;
    const backend = tf.backend();
    const { limits } = (backend as unknown as { device: GPUDevice }).device;
    const bytes = Math.max(split.x.byteLength, split.y.length * 4);
    if (bytes + 3 > Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize)) return undefined;
    return new ResidentData(backend, split, inputShape);
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
    const { examples, labels, shares } = this.tensors;
    const tensors: TensorInfo[] = [x, y, examples, labels, this.rows.tensor, ...(shares ? [shares] : [])];
    const threads = Math.max(x.size, y.size);
    const shader = shares ? gatherBytes : gatherFloats;
    shader.runFor(this.backend, threads, tensors, [this.size, this.labelsPerExample, from]);
    return { x: tf.clone(x), y: tf.clone(y) };
  }

  dispose(): void {
    tf.dispose([...Object.values(this.tensors)]);
    this.rows?.tensor.dispose();
    if (this.batch) tf.dispose([this.batch.x, this.batch.y]);
  }
}
