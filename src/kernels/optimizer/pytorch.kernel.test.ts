import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import fixtures from '@/quant/fixtures/optimizers.json';
import { backends, expectCloseArrays, startBackend } from '../testing/backends';
import { read } from '../testing/tensors';
import { adamStep, adamTick, initialAdamHyper, sgdStep } from './index';

const variable = (values: readonly number[]) => tf.variable(tf.tensor1d([...values]), false);

describe.each(backends)('the optimizers on %s follow PyTorch’s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(fixtures.cases.map((example) => [example.name, example] as const))('%s', async (_, example) => {
    const { kind, learningRate, momentum, start } = example;
    const zeros = start.map(() => 0);
    const [w, first, second] = [variable(start), variable(zeros), variable(zeros)];
    const hyper = variable(kind === 'adam' ? initialAdamHyper(learningRate) : [learningRate, momentum]);
    // beta2 as float32 differs from .999 by 1.3e-5 of 1 - beta2, which moves a weight by that share of its way.
    const tolerance = 1.3e-5 * example.steps.length * learningRate + 1e-6;
    for (const { gradient, weights } of example.steps) {
      const g = tf.tensor1d(gradient);
      if (kind === 'adam') {
        adamTick(hyper);
        adamStep(w, g, first, second, hyper);
      } else sgdStep(w, g, first, hyper);
      expectCloseArrays(await read(w), weights.map(Math.fround), tolerance);
    }
  });
});
