import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { startBackend } from './testing/backends';
import { address, launch, output, scratch, startWasmKernels } from './wasm';

beforeAll(() => startBackend('wasm'));

test('a kernel reads and writes tensors in the memory of the backend', async () => {
  const b = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  const packed = output([3, 8]);
  launch('packPanels', address(b), 3, 2, 2, 1, address(packed));
  const values = await tf.engine().makeTensorFromTensorInfo(packed).data();
  expect([...values]).toEqual([1, 2, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0]);
});

test('kernels still reach tensors after the memory has grown', async () => {
  const b = tf.ones([1, 8]);
  const large = tf.zeros([12_000_000]);
  const packed = output([1, 8]);
  launch('packPanels', address(b), 1, 8, 8, 1, address(packed));
  expect([...(await tf.engine().makeTensorFromTensorInfo(packed).data())]).toEqual(Array(8).fill(1));
  large.dispose();
});

test('scratch is aligned, reused while it is large enough, and grows', () => {
  const first = scratch(100);
  expect(first % 16).toBe(0);
  expect(scratch(50)).toBe(first);
  const grown = scratch(1 << 20);
  expect(grown % 16).toBe(0);
  expect(grown).not.toBe(first);
  expect(scratch(100)).toBe(grown);
});

test('starting again for the same backend changes nothing', async () => {
  const before = scratch(16);
  await startWasmKernels();
  expect(scratch(16)).toBe(before);
});

test('a name that the module lacks is an error that names it', () => {
  expect(() => launch('noSuchKernel')).toThrow('noSuchKernel');
});
