/**
 * Trains what a network's quantizers learn: steps, offsets, clips and widths. Each site has an optimizer of its own, of the
 * network's kind at its own learning rate, so that it starts afresh when its quantizer changes.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerSpec } from '@/catalog/optimizers';
import { activationQuantizers } from '@/quant/activations';
import { weightQuantizers } from '@/quant/weights';
import { Optimizer } from './optimizer';
import { activationPlaces, type NetworkPlan, type SitePlaces, type Sites, weightPlaces } from './sites';

interface Learner {
  variable: tf.Variable;
  optimizer: Optimizer;
  rate: number;
  /** The least that each value may be, of the variable's shape. */
  least: tf.Tensor;
}

export class LearnedParameters {
  /** By place, "<layer>/<site>". */
  private readonly learners = new Map<string, Learner>();

  constructor(
    private readonly sites: Sites,
    spec: OptimizerSpec,
    plan: NetworkPlan,
  ) {
    this.arrange(spec, plan);
  }

  /** The variables to be differentiated by. */
  get variables(): tf.Variable[] {
    return [...this.learners.values()].map(({ variable }) => variable);
  }

  /**
   * Follows the sites after they were arranged: those that learn now, and no others.
   * @param anew sites whose learning starts over
   */
  arrange(spec: OptimizerSpec, plan: NetworkPlan, anew?: SitePlaces): void {
    const present = new Set<string>();
    const place = (
      name: string,
      starts: boolean | undefined,
      variable: tf.Variable | undefined,
      rate: number,
      least: readonly number[],
    ) => {
      if (!variable) return;
      present.add(name);
      const old = this.learners.get(name);
      if (old && old.variable === variable && !starts) return;
      if (old) disposeLearner(old);
      this.learners.set(name, learnerOf(variable, spec, rate, least));
    };
    for (const { key, site } of weightPlaces(plan)) {
      const { rate, least } = weightQuantizers[site.quantizer].learned ?? { rate: 1, least: [] };
      place(key, anew?.weights.has(key), this.sites.weights.get(key)!.learned, rate, least);
    }
    for (const { key, site } of activationPlaces(plan)) {
      const { rate, least } = activationQuantizers[site.quantizer].learned ?? { rate: 1, least: [] };
      place(key, anew?.activations.has(key), this.sites.activations.get(key)!.learned, rate, least);
    }
    for (const [name, learner] of this.learners) {
      if (present.has(name)) continue;
      disposeLearner(learner);
      this.learners.delete(name);
    }
  }

  /** Takes one step and keeps steps, clips and widths above the least they may be. @param gradients by the name that tfjs gave each variable */
  step(gradients: Record<string, tf.Tensor>, stays: (place: string) => boolean = () => false): void {
    for (const [place, { variable, optimizer, least }] of this.learners) {
      if (stays(place)) continue;
      optimizer.step(gradients);
      variable.assign(tf.maximum(variable, least));
    }
  }

  async setLearningRate(value: number): Promise<void> {
    for (const { optimizer, rate } of this.learners.values()) await optimizer.setLearningRate(value * rate);
  }

  /** Everything that a checkpoint must hold, by name. */
  state(): [name: string, variable: tf.Variable][] {
    return [...this.learners].flatMap(([name, { variable, optimizer }]) => [
      [name, variable] as [string, tf.Variable],
      [`${name}/optimizer`, optimizer.hyper] as [string, tf.Variable],
      ...[...optimizer.slots.values()]
        .flat()
        .map((slot, index): [string, tf.Variable] => [`${name}/optimizer/${index}`, slot]),
    ]);
  }

  dispose(): void {
    for (const learner of this.learners.values()) disposeLearner(learner);
    this.learners.clear();
  }
}

function learnerOf(
  variable: tf.Variable,
  spec: OptimizerSpec,
  rate: number,
  least: readonly number[],
): Learner {
  const limits = Float32Array.from(
    { length: variable.size },
    (_, i) => least[Math.min(i, least.length - 1)]!,
  );
  return {
    variable,
    rate,
    optimizer: new Optimizer(
      { ...spec, learningRate: spec.learningRate * rate },
      new Map([['learned', variable]]),
    ),
    least: tf.tidy(() => tf.keep(tf.tensor(limits, variable.shape))),
  };
}

/** The variable itself belongs to its site. */
function disposeLearner({ optimizer, least }: Learner): void {
  optimizer.dispose();
  least.dispose();
}
