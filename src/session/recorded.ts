/**
 * A training step that is recorded once and then replayed, without the cost of tfjs's engine. Each recording is compared
 * once with an eager step, loss and every variable to the last bit; where they differ, the step stays eager for good.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  currentRecorder,
  NotRecordable,
  type Recorder,
  type Saved,
  type StepRecording,
} from '@/kernels/recorders';
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

export class RecordedStep {
  mode: StepMode = 'eager';
  /** Why recording was refused. */
  reason: string | undefined;
  private steps = 0;
  /** Whether launches may be joined: not once a step of joined ones differed. */
  private mayJoin = true;
  private recorder: Recorder | undefined;
  private recording: StepRecording | undefined;
  private shape = '';
  private checked = false;
  /** Settles when the check under way has been read from the device. */
  private checking: Promise<void> | undefined;
  private loss: tf.Scalar | undefined;
  private input: tf.Tensor[] = [];
  private bound: Bound[] = [];

  /** @param record false keeps every step eager */
  constructor(
    private readonly eager: EagerStep,
    private readonly record: boolean,
  ) {}

  /**
   * Takes a step. Where `verdict` gives a promise afterwards, steps are eager until it settles.
   * @returns the loss before the update, a scalar that the caller disposes before the next step writes it anew
   */
  take(batch: Batch, accept: Accept): tf.Scalar {
    const shape = `${batch.x.shape}/${batch.y.shape}`;
    if (this.recording && (shape !== this.shape || this.outdated)) this.forget();
    const recorder = this.record && this.mode !== 'refused' ? currentRecorder() : undefined;
    if (!recorder || this.checking || this.steps++ < warmUpSteps) return this.takeEagerly(batch, accept);
    if (!this.recording) return this.begin(recorder, batch, accept, shape);
    this.bind(batch);
    return this.checked ? this.replay(accept) : this.check(batch, accept);
  }

  /** Settles when a check that the last step began is done; undefined where there is none to wait for. */
  get verdict(): Promise<void> | undefined {
    return this.checking;
  }

  /** The settings have changed in a way that may lead through other kernels: compares again before the next replay. */
  distrust(): void {
    this.checked = false;
    this.checking = undefined;
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
    this.checking = undefined;
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
  private begin(recorder: Recorder, batch: Batch, accept: Accept, shape: string): tf.Scalar {
    const recording = recorder.start(this.mayJoin);
    this.recorder = recorder;
    this.recording = recording;
    this.shape = shape;
    this.checked = false;
    const hold = <T extends tf.Tensor>(tensor: T): T => tf.keep(recorder.share(tensor));
    this.input = [hold(batch.x), hold(batch.y)];
    this.bound = tf.tidy(() => allVariables().map((variable) => ({ variable, data: hold(variable) })));
    recorder.watch([...this.input, ...this.values]);
    const before = recorder.save(this.values);
    try {
      const loss = this.takeCaptured(recorder, recording, batch, accept);
      if (this.loss) this.settle();
      else this.forget();
      return loss;
    } catch (error) {
      if (!(error instanceof NotRecordable)) throw error;
      for (const bound of this.bound) if (bound.variable.dataId !== bound.data.dataId) this.returnTo(bound);
      before.restore();
      this.refuse(error.message);
      return this.takeEagerly(batch, accept);
    } finally {
      before.dispose();
    }
  }

  private takeCaptured(
    recorder: Recorder,
    recording: StepRecording,
    batch: Batch,
    accept: Accept,
  ): tf.Scalar {
    try {
      return tf.tidy(() => {
        const { value, grads } = recording.capture(() => this.eager.differentiate(batch));
        if (accept(value)) {
          recording.capture(() => this.eager.update(grads));
          this.loss = tf.keep(recorder.share(value));
          recorder.watch([this.loss]);
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
      recording!.addCopy(variable, data);
      this.returnTo(bound);
    }
  }

  /** Brings this batch, and what was assigned to variables since, to the places that the recording knows. */
  private bind(batch: Batch): void {
    const [x, y] = this.input;
    if (batch.x.dataId !== x!.dataId) this.recorder!.copy(batch.x, x!);
    if (batch.y.dataId !== y!.dataId) this.recorder!.copy(batch.y, y!);
    for (const bound of this.bound) if (bound.variable.dataId !== bound.data.dataId) this.returnTo(bound);
  }

  private replay(accept: Accept): tf.Scalar {
    const { recorder, recording, loss } = this;
    recording!.replay(0);
    const value = recorder!.share(loss!);
    if (accept(value)) recording!.replay(1);
    return value;
  }

  /** Takes the step twice, replayed and eagerly, and keeps the eager one. */
  private check(batch: Batch, accept: Accept): tf.Scalar {
    const recorder = this.recorder!;
    const before = recorder.save(this.values);
    this.replay(() => true).dispose();
    const replayed = recorder.save([...this.values, this.loss!]);
    before.restore();
    before.dispose();
    let accepted = false;
    const loss = this.takeEagerly(batch, (value) => {
      accepted = accept(value);
      return accepted;
    });
    if (!accepted) {
      replayed.dispose();
      return loss;
    }
    this.bind(batch);
    const eager = recorder.save([...this.values, loss]);
    this.judge(replayed, eager);
    return loss;
  }

  /** Compares the step's two outcomes; where they lie on a device, the answer comes later. */
  private judge(replayed: Saved, eager: Saved): void {
    const answer = replayed.firstDifference(eager);
    if (typeof answer === 'number') {
      this.settleCheck(answer);
      return;
    }
    const checking = answer
      .then((different) => {
        // Settings that changed meanwhile ask for another check.
        if (this.checking !== checking) return;
        this.checking = undefined;
        this.settleCheck(different);
      })
      .finally(() => {
        for (const saved of [replayed, eager]) saved.dispose();
      });
    // Whoever waits for it hears of a lost device.
    checking.catch(() => {});
    this.checking = checking;
  }

  /** @param different which of the variables, or after them the loss, or -1 */
  private settleCheck(different: number): void {
    if (different >= 0 && this.recording && this.recording.joins > 0) {
      // A driver may compile joined code to other roundings: records once more, launch by launch.
      this.mayJoin = false;
      this.forget();
    } else if (different >= 0) {
      const what = this.bound[different]?.variable.name ?? 'the loss';
      this.refuse(`A replayed step differed from an eager one in ${what}.`);
    } else {
      this.checked = true;
      this.mode = 'recorded';
    }
  }

  private get values(): tf.Tensor[] {
    return this.bound.map(({ data }) => data);
  }

  /** Takes a variable's present values to the data that the recording knows, and makes them its data again. */
  private returnTo({ variable, data }: Bound): void {
    this.recorder!.copy(variable, data);
    variable.assign(data as tf.Tensor<tf.Rank>);
  }
}

/** Every variable that tfjs knows: parameters, optimizer state, observers, settings. */
const allVariables = (): tf.Variable[] => Object.values(tf.engine().state.registeredVariables);
