/** The block that the C export plans has the size that the page shows from the experiment alone. */
import { beforeAll, expect, test } from 'vitest';
import { workingMemory } from '@/experiment/memory';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { programOf } from '@/session/deploy';
import { trainedPreset } from '@/session/testing/trained';
import { atBits } from '@/session/testing/widths';
import { bytesOf, planMemory } from './plan';

beforeAll(() => startBackend('wasm'));

test.each(['mlp', 'wideMlp', 'cnn', 'depthwise', 'resnet', 'gru', 'lstm'] as const)('%s', async (name) => {
  for (const [weights, activations] of [
    [8, 8],
    [2, 3],
  ] as const) {
    const described: Experiment[] = [];
    const trainer = trainedPreset(name, 0, (preset) => {
      described.push(atBits(weights, activations)(preset));
      return described[0]!;
    });
    const program = await programOf(trainer, 'qat');
    const input = 4 * Math.ceil(bytesOf(program.values[program.input]!) / 4);
    expect(workingMemory(described[0]!)).toBe(input + planMemory(program).bytes);
    trainer.dispose();
  }
});
