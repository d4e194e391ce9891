/** The two networks of a run that are trained: what each is made of, and their state by name. */
import * as tf from '@tensorflow/tfjs-core';
import type { Experiment } from '@/experiment/schema';
import { initialValues } from '@/model/initialize';
import { LearnedParameters } from '@/model/learned';
import { Optimizer } from '@/model/optimizer';
import { Oscillations } from '@/model/oscillation';
import type { Pass } from '@/model/pass';
import type { NetworkPlan, Sites } from '@/model/sites';
import { createVariables, disposeVariables, type NetworkVariables } from '@/model/variables';

export interface Twin {
  variables: NetworkVariables;
  optimizer: Optimizer;
  pass: Pass;
  /** [1]: steps that it has taken, for stochastic rounding and dropout. */
  clock: tf.Variable;
  /** What its quantizers learn. */
  learned?: LearnedParameters;
  /** How its rounded weights oscillate, and what is done about it. */
  oscillations?: Oscillations;
}
export type TwinName = 'float' | 'qat';
export type Twins = Readonly<Record<TwinName, Twin>>;

/** The variables that gradients train. */
export const trainedOf = (variables: NetworkVariables): NetworkVariables =>
  new Map([...variables].filter(([, variable]) => variable.trainable));

/** @param sites of the QAT network; they stay the caller's */
export function createTwins(plan: NetworkPlan, { seed, optimizer }: Experiment, sites: Sites): Twins {
  const initial = initialValues(plan.layers, seed);
  const twin = (pass: Pass): Twin => {
    const variables = createVariables(plan, initial);
    const clock = tf.tidy(() => tf.variable(tf.zeros([1]), false));
    return {
      ...{ variables, clock, pass: { ...pass, clock } },
      optimizer: new Optimizer(optimizer, trainedOf(variables)),
    };
  };
  const oscillations = new Oscillations();
  oscillations.arrange(plan, 0);
  return {
    float: twin({ quantize: false, observe: false, training: true }),
    qat: {
      ...twin({ quantize: true, observe: true, training: true, sites }),
      learned: new LearnedParameters(sites, optimizer, plan),
      oscillations,
    },
  };
}

/** All tensors of the run's state by name: parameters, optimizer state, observers, what quantizers have learned, oscillation. */
export function stateOf(twins: Twins, sites: Sites): Map<string, tf.Variable> {
  const state = new Map<string, tf.Variable>();
  for (const [twin, { variables, optimizer }] of Object.entries(twins)) {
    for (const [name, variable] of variables) state.set(`${twin}/${name}`, variable);
    state.set(`${twin}/optimizer`, optimizer.hyper);
    for (const [name, slots] of optimizer.slots)
      slots.forEach((slot, index) => {
        state.set(`${twin}/optimizer/${name}/${index}`, slot);
      });
  }
  for (const [place, { observer }] of sites.activations) state.set(`qat/observer/${place}`, observer);
  const { learned, oscillations } = twins.qat;
  for (const [name, variable] of [...(learned?.state() ?? []), ...(oscillations?.state() ?? [])])
    state.set(`quantizers/${name}`, variable);
  return state;
}

export function disposeTwins(twins: Twins): void {
  for (const { variables, optimizer, clock, learned, oscillations } of Object.values(twins)) {
    disposeVariables(variables);
    optimizer.dispose();
    clock.dispose();
    learned?.dispose();
    oscillations?.dispose();
  }
}
