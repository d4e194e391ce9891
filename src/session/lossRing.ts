/** The losses of a burst of steps, kept on the device until they are read together. */
import * as tf from '@tensorflow/tfjs-core';
import { currentRecorder } from '@/kernels/recorders';

export class LossRing {
  private readonly recorder = currentRecorder();
  private readonly losses: tf.Tensor1D | undefined;
  private readonly values: Float32Array;

  /** @param size steps of the burst */
  constructor(size: number) {
    this.values = new Float32Array(size);
    if (!this.recorder) return;
    this.losses = tf.zeros([size]);
    this.recorder.watch([this.losses]);
  }

  /** Keeps the loss of a step, which the next one may write anew. */
  put(loss: tf.Scalar, step: number): void {
    if (this.losses) this.recorder!.copy(loss, this.losses, step);
    else this.values[step] = loss.dataSync()[0]!;
  }

  /** Waits for all steps. */
  async read(): Promise<Float32Array> {
    return this.losses ? ((await this.losses.data()) as Float32Array) : this.values;
  }

  dispose(): void {
    this.losses?.dispose();
  }
}
