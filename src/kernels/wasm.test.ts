import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { startBackend } from './testing/node';
import { address, launch, output, startWasmKernels } from './wasm';

test('the kernels refuse to start on another backend, naming it', async () => {
  await startBackend('cpu');
  await expect(startWasmKernels()).rejects.toThrow('cpu');
});

test('the kernels run in Node too', async () => {
  await startBackend('wasm');
  const b = tf.tensor2d([1, 2, 3], [3, 1]);
  const packed = output([3, 8]);
  launch('packPanels', address(b), 3, 1, 1, 1, address(packed));
  const values = await tf.engine().makeTensorFromTensorInfo(packed).data();
  expect([...values].filter((v) => v !== 0)).toEqual([1, 2, 3]);
});
