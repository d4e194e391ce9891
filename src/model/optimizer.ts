/** Optimizers over all variables of a network, in place, with their state in tensors. One entry a kind. */
import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerKind, OptimizerSpec } from '@/catalog/optimizers';
import { adamStep, adamTick, sgdStep } from '@/kernels/optimizer';

interface OptimizerImplementation<S extends OptimizerSpec> {
  /** State tensors of each variable's size. */
  slots: number;
  /** The hyper-parameters as the kernels read them, before the first step. */
  hyper(spec: S): number[];
  /** Once a step, before the variables. */
  tick?(hyper: tf.Variable): void;
  update(variable: tf.Variable, gradient: tf.Tensor, slots: readonly tf.Variable[], hyper: tf.Variable): void;
}

type SpecOf<K extends OptimizerKind> = Extract<OptimizerSpec, { kind: K }>;

const implementations = {
  adam: {
    slots: 2,
    hyper: ({ learningRate }) => [learningRate, 0.9, 0.999, 1e-8, 1, 1],
    tick: adamTick,
    update: (variable, gradient, [mean, square], hyper) =>
      adamStep(variable, gradient, mean!, square!, hyper),
  },
  sgd: {
    slots: 1,
    hyper: ({ learningRate, momentum }) => [learningRate, momentum],
    update: (variable, gradient, [velocity], hyper) => sgdStep(variable, gradient, velocity!, hyper),
  },
} satisfies { [K in OptimizerKind]: OptimizerImplementation<SpecOf<K>> };

/** The optimizer of one network: its hyper-parameters and the slots of each variable, by the variable's name. */
export class Optimizer {
  readonly hyper: tf.Variable;
  readonly slots: ReadonlyMap<string, readonly tf.Variable[]>;
  private readonly implementation: OptimizerImplementation<OptimizerSpec>;

  /** @param variables by name; the names are those of a checkpoint */
  constructor(
    spec: OptimizerSpec,
    private readonly variables: ReadonlyMap<string, tf.Variable>,
  ) {
    this.implementation = implementations[spec.kind] as OptimizerImplementation<OptimizerSpec>;
    this.hyper = tf.tidy(() => tf.variable(tf.tensor1d(this.implementation.hyper(spec), 'float32'), false));
    const slot = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape), false));
    this.slots = new Map(
      [...variables].map(([name, { shape }]) => [
        name,
        Array.from({ length: this.implementation.slots }, () => slot(shape)),
      ]),
    );
  }

  /**
   * Takes one step.
   * @param gradients by the name that tfjs gave each variable
   * @param stays the variables that stay as they are, by name
   */
  step(gradients: Record<string, tf.Tensor>, stays: (name: string) => boolean = () => false): void {
    this.implementation.tick?.(this.hyper);
    for (const [name, variable] of this.variables)
      if (!stays(name))
        this.implementation.update(variable, gradients[variable.name]!, this.slots.get(name)!, this.hyper);
  }

  /** Takes the state of an optimizer of the same kind, of variables with the same names. */
  adopt(other: Optimizer): void {
    tf.tidy(() => {
      // Kernels write in place: a clone would share its data.
      this.hyper.assign(tf.mul(other.hyper, 1));
      for (const [name, slots] of this.slots)
        slots.forEach((slot, index) => {
          slot.assign(tf.mul(other.slots.get(name)![index]!, 1));
        });
    });
  }

  /** Writes a new learning rate; the rest of the state stays. */
  async setLearningRate(value: number): Promise<void> {
    const values = await this.hyper.data();
    tf.tidy(() => this.hyper.assign(tf.tensor1d(Float32Array.from(values).fill(value, 0, 1))));
  }

  dispose(): void {
    tf.dispose([this.hyper, ...[...this.slots.values()].flat()]);
  }
}
