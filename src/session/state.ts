/** The tensors of a run's state by name, as a checkpoint holds their values. */
import * as tf from '@tensorflow/tfjs-core';
import type { Checkpoint } from './protocol';

type State = ReadonlyMap<string, tf.Variable>;
type Values = Checkpoint['tensors'];

/** Copies of all values. */
export async function valuesOf(state: State): Promise<Values> {
  const arrays = await Promise.all([...state.values()].map((variable) => variable.data()));
  return Object.fromEntries([...state.keys()].map((name, i) => [name, Float32Array.from(arrays[i]!)]));
}

/** Whether there is a value for every element. */
export const fits = (state: State, values: Values): boolean =>
  [...state].every(([name, { size }]) => values[name]?.length === size);

/** @param values that fit */
export function assignValues(state: State, values: Values): void {
  for (const [name, variable] of state)
    tf.tidy(() => variable.assign(tf.tensor(values[name]!, variable.shape)));
}
