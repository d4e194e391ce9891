/** Copies of tensors on the device, back to back in one buffer. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { bufferOf, bytesOf, copyBytes, flush, type Gpu } from './gpu';
import type { Saved } from './recorder';

export class GpuCopies implements Saved {
  private readonly buffer: GPUBuffer;
  private readonly offsets: number[] = [];
  private readonly bytes: number;

  constructor(
    private readonly gpu: Gpu,
    private readonly tensors: readonly Tensor[],
  ) {
    let bytes = 0;
    for (const tensor of tensors) {
      this.offsets.push(bytes);
      bytes += bytesOf(tensor);
    }
    this.bytes = bytes;
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.buffer = gpu.device.createBuffer({ size: Math.max(bytes, 4), usage });
    tensors.forEach((tensor, i) => {
      copyBytes(gpu, bufferOf(gpu, tensor), this.buffer, bytesOf(tensor), this.offsets[i]);
    });
  }

  restore(): void {
    const { gpu } = this;
    this.tensors.forEach((tensor, i) => {
      copyBytes(gpu, this.buffer, bufferOf(gpu, tensor), bytesOf(tensor), 0, this.offsets[i]);
    });
  }

  async firstDifference(other: GpuCopies): Promise<number> {
    const [mine, theirs] = await Promise.all([this.read(), other.read()]);
    const different = mine.findIndex((word, i) => word !== theirs[i]);
    return different < 0 ? -1 : this.offsets.findLastIndex((offset) => offset <= different * 4);
  }

  dispose(): void {
    flush(this.gpu);
    this.buffer.destroy();
  }

  private async read(): Promise<Int32Array> {
    const { gpu, buffer, bytes } = this;
    const staging = gpu.device.createBuffer({
      size: Math.max(bytes, 4),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    try {
      copyBytes(gpu, buffer, staging, bytes);
      flush(gpu);
      await staging.mapAsync(GPUMapMode.READ);
      return new Int32Array(staging.getMappedRange().slice(0));
    } finally {
      staging.destroy();
    }
  }
}
