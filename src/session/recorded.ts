/**
 * A training step that is recorded once and then replayed, without the cost of tfjs's engine. Each recording is compared
 * once with an eager step, loss and every variable to the last bit; where they differ, the step stays eager for good.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NotRecordable, Recording } from '@/kernels/recording';
import { currentWasmBackend, emscripten } from '@/kernels/wasm';
import type { Batch } from './batches';

/** The two halves of a step. */
export interface EagerStep {
  /** Forward and backward: the loss before the update, a scalar, and what `update` needs. */
  differentiate(batch: Batch): { value: tf.Scalar; grads: Record<string, tf.Tensor> };
  /** Moves all variables. */
  update(grads: Record<string, tf.Tensor>): void;
  /** Lets go of what the two halves share, also after an error. */
  end(): void;
}

/** How steps are taken: eager until recorded and compared; `refused` is eager for good, with the reason. */
export type StepMode = 'eager' | 'recorded' | 'refused';

/** Sees the loss before the update; false leaves the network as it was. */
export type Accept = (loss: tf.Scalar) => boolean;

/** A variable, and the data that the recording knows it by. */
interface Bound {
  variable: tf.Variable;
  data: tf.Tensor;
}

/** Steps taken eagerly before the first recording: they make what is made once. */
const warmUpSteps = 2;
const bytesOf = (tensor: tf.Tensor): number => tensor.size * tf.util.bytesPerElement(tensor.dtype);

export class RecordedStep {
  mode: StepMode = 'eager';
  /** Why recording was refused. */
  reason: string | undefined;
  private steps = 0;
  private recording: Recording | undefined;
  private shape = '';
  private checked = false;
  private loss: tf.Scalar | undefined;
  private input: tf.Tensor[] = [];
  private bound: Bound[] = [];

  /** @param record false keeps every step eager */
  constructor(
    private readonly eager: EagerStep,
    private readonly record: boolean,
  ) {}

  /**
   * Takes a step.
   * @returns the loss before the update, a scalar that the caller disposes before the next step writes it anew
   */
  take(batch: Batch, accept: Accept): tf.Scalar {
    const shape = `${batch.x.shape}/${batch.y.shape}`;
    if (this.recording && (shape !== this.shape || this.outdated)) this.forget();
    const may = this.record && this.mode !== 'refused' && currentWasmBackend() !== undefined;
    if (!may || this.steps++ < warmUpSteps) return this.takeEagerly(batch, accept);
    if (!this.recording) return this.begin(batch, accept, shape);
    this.bind(batch);
    return this.checked ? this.replay(accept) : this.check(batch, accept);
  }

  /** The settings have changed in a way that may lead through other kernels: compares again before the next replay. */
  distrust(): void {
    this.checked = false;
  }

  /** Records anew: other variables, other kernels. */
  forget(): void {
    tf.dispose([...this.input, ...this.bound.map(({ data }) => data), ...(this.loss ? [this.loss] : [])]);
    this.recording?.dispose();
    this.recording = undefined;
    this.loss = undefined;
    this.input = [];
    this.bound = [];
    this.checked = false;
    if (this.mode === 'recorded') this.mode = 'eager';
  }

  /** Variables went or, where it has to be checked anyway, came. */
  private get outdated(): boolean {
    return (
      this.bound.some(({ variable }) => variable.isDisposed) ||
      (!this.checked && allVariables().length !== this.bound.length)
    );
  }

  private takeEagerly(batch: Batch, accept: Accept): tf.Scalar {
    try {
      return tf.tidy(() => {
        const { value, grads } = this.eager.differentiate(batch);
        if (accept(value)) this.eager.update(grads);
        return value;
      });
    } finally {
      this.eager.end();
    }
  }

  private refuse(reason: string): void {
    this.forget();
    this.mode = 'refused';
    this.reason = reason;
  }

  /** Takes an eager step and records it. */
  private begin(batch: Batch, accept: Accept, shape: string): tf.Scalar {
    const recording = Recording.start();
    if (!recording) return this.takeEagerly(batch, accept);
    this.recording = recording;
    this.shape = shape;
    this.checked = false;
    this.input = [hold(batch.x), hold(batch.y)];
    this.bound = tf.tidy(() => allVariables().map((variable) => ({ variable, data: hold(variable) })));
    const before = this.values();
    try {
      const loss = this.takeCaptured(recording, batch, accept);
      if (this.loss) this.settle();
      else this.forget();
      return loss;
    } catch (error) {
      if (!(error instanceof NotRecordable)) throw error;
      for (const bound of this.bound) if (bound.variable.dataId !== bound.data.dataId) returnTo(bound);
      this.write(before);
      this.refuse(error.message);
      return this.takeEagerly(batch, accept);
    }
  }

  private takeCaptured(recording: Recording, batch: Batch, accept: Accept): tf.Scalar {
    try {
      return tf.tidy(() => {
        const { value, grads } = recording.capture(() => this.eager.differentiate(batch));
        if (accept(value)) {
          recording.capture(() => this.eager.update(grads));
          this.loss = hold(value);
        }
        return value;
      });
    } finally {
      this.eager.end();
    }
  }

  /** Variables that the recorded step gave new data: the recording ends with copies to where they began. */
  private settle(): void {
    const { recording } = this;
    for (const bound of this.bound) {
      const { variable, data } = bound;
      if (variable.isDisposed || variable.dataId === data.dataId) continue;
      recording!.addCopy(addressOf(variable), addressOf(data), bytesOf(data));
      returnTo(bound);
    }
  }

  /** Brings this batch, and what was assigned to variables since, to the places that the recording knows. */
  private bind(batch: Batch): void {
    copy(batch.x, this.input[0]!);
    copy(batch.y, this.input[1]!);
    for (const bound of this.bound) if (bound.variable.dataId !== bound.data.dataId) returnTo(bound);
  }

  private replay(accept: Accept): tf.Scalar {
    const { recording, loss } = this;
    recording!.replay(0);
    const value = share(loss!);
    if (accept(value)) recording!.replay(1);
    return value;
  }

  /** Takes the step twice, replayed and eagerly, and keeps the eager one. */
  private check(batch: Batch, accept: Accept): tf.Scalar {
    const before = this.values();
    const replayed = this.replay(() => true);
    const replayedLoss = bytesAt(replayed);
    replayed.dispose();
    const after = this.values();
    this.write(before);
    let accepted = false;
    const loss = this.takeEagerly(batch, (value) => {
      accepted = accept(value);
      return accepted;
    });
    if (!accepted) return loss;
    this.bind(batch);
    const eager = this.values();
    const different = this.bound.findIndex((_, i) => !equal(after[i]!, eager[i]!));
    if (different >= 0 || !equal(replayedLoss, bytesAt(loss))) {
      const what = different < 0 ? 'the loss' : this.bound[different]!.variable.name;
      this.refuse(`A replayed step differed from an eager one in ${what}.`);
    } else {
      this.checked = true;
      this.mode = 'recorded';
    }
    return loss;
  }

  /** A copy of every variable's bytes. */
  private values(): Uint8Array[] {
    return this.bound.map(({ data }) => bytesAt(data));
  }

  private write(values: readonly Uint8Array[]): void {
    this.bound.forEach(({ data }, i) => {
      heap().set(values[i]!, addressOf(data));
    });
  }
}

/** Another tensor of the same data, which a clone would copy. The caller disposes it. */
function share<T extends tf.Tensor>(tensor: T): T {
  currentWasmBackend()!.incRef(tensor.dataId);
  return tf.engine().makeTensorFromTensorInfo(tensor) as T;
}
/** Keeps a tensor's data, whatever becomes of the tensor. */
const hold = <T extends tf.Tensor>(tensor: T): T => tf.keep(share(tensor));
const heap = (): Uint8Array => emscripten(currentWasmBackend()!).HEAPU8;
const addressOf = (tensor: tf.Tensor): number => currentWasmBackend()!.getMemoryOffset(tensor.dataId);
const bytesAt = (tensor: tf.Tensor): Uint8Array => {
  const at = addressOf(tensor);
  return heap().slice(at, at + bytesOf(tensor));
};

/** @param a, b copies of whole words */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  const [x, y] = [new Int32Array(a.buffer), new Int32Array(b.buffer)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return x.length === y.length;
}

function copy(from: tf.Tensor, to: tf.Tensor): void {
  if (from.dataId === to.dataId) return;
  const at = addressOf(from);
  heap().copyWithin(addressOf(to), at, at + bytesOf(from));
}

/** Takes a variable's present values to the data that the recording knows, and makes them its data again. */
function returnTo({ variable, data }: Bound): void {
  copy(variable, data);
  variable.assign(data as tf.Tensor<tf.Rank>);
}

/** Every variable that tfjs knows: parameters, optimizer state, observers, settings. */
const allVariables = (): tf.Variable[] => Object.values(tf.engine().state.registeredVariables);
