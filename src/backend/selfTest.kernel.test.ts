import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { backends, startBackend } from '@/kernels/testing/backends';
import { selfTest } from './selfTest';

describe.each(backends)('the self-test on %s', (backend) => {
  beforeAll(() => startBackend(backend));
  const restore: (() => void)[] = [];
  afterEach(() => {
    for (const each of restore.splice(0)) each();
  });

  /** Makes a kernel give zeros, as a faulty driver does. */
  function breakKernel(name: string): void {
    const config = tf.getKernel(name, backend)!;
    const { kernelFunc } = config;
    const zeros: typeof kernelFunc = (call) => {
      const result = kernelFunc(call);
      const list = (Array.isArray(result) ? result : [result]).map(({ shape }) => tf.zeros(shape));
      return Array.isArray(result) ? list : list[0]!;
    };
    (config as { kernelFunc: typeof kernelFunc }).kernelFunc = zeros;
    restore.push(() => {
      (config as { kernelFunc: typeof kernelFunc }).kernelFunc = kernelFunc;
    });
  }

  test('passes, and leaves nothing behind', async () => {
    const { numTensors } = tf.memory();
    expect(await selfTest()).toBeUndefined();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test.each([
    ['Conv2DBackpropFilter', 'filters'],
    ['EpilogueGradient_relu', 'filters'],
    ['QuantizeGradient', 'weights'],
    ['SoftmaxCrossEntropyGradient', 'filters'],
  ])('finds %s giving zeros', async (kernel, what) => {
    breakKernel(kernel);
    expect(await selfTest()).toMatch(new RegExp(`gradient \\(${what}\\) of the self-test as -?0 instead`));
  });
});
