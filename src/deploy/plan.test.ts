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

const bounded = new Set<string>(['transformer', 'characters']);

test.each([
  'mlp',
  'wideMlp',
  'cnn',
  'depthwise',
  'resnet',
  'gru',
  'lstm',
  'transformer',
  'characters',
] as const)('%s', async (name) => {
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
    const planned = input + planMemory(program).bytes;
    const shown = workingMemory(described[0]!);
    // Queries, keys and values of one layer count as alive together; the program makes one after the other.
    if (bounded.has(name)) {
      expect(shown).toBeGreaterThanOrEqual(planned);
      expect(shown).toBeLessThan(1.5 * planned);
    } else expect(shown).toBe(planned);
    trainer.dispose();
  }
});
