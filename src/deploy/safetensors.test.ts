/** Safetensors read back by their specification, and the integer file against the model size. */
import { beforeAll, describe, expect, test } from 'vitest';
import { experimentFor } from '@/experiment/presets';
import { modelSize } from '@/experiment/size';
import { startBackend } from '@/kernels/testing/node';
import { trainedOf } from '@/session/deployDesk';
import { trainedPreset } from '@/session/testing/trained';
import { exporterOf } from './exporters';
import { unpackIntegers } from './packing';
import type { Encoding } from './program';
import { safeTensor, writeSafetensors } from './safetensors';

/** An independent reader, from the specification. */
function read(file: Uint8Array) {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const { __metadata__: notes = {}, ...header } = JSON.parse(
    new TextDecoder().decode(file.subarray(8, 8 + length)),
  );
  const tensors = Object.entries(
    header as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>,
  ).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => ({
      name,
      dtype,
      shape,
      from,
      bytes: file.slice(8 + length + from, 8 + length + to),
    }),
  );
  return { notes, tensors, start: 8 + length, dataBytes: file.length - 8 - length };
}

test('a file by hand: header, alignment, order, metadata', () => {
  const file = writeSafetensors(
    [
      safeTensor('b', [3], Uint8Array.of(1, 2, 3)),
      safeTensor('a', [1, 2], Float32Array.of(1, -2)),
      safeTensor('"\\\n\u2028 ../x', [1], Int32Array.of(-1)),
    ],
    { note: 'text "quoted"' },
  );
  const { notes, tensors, start, dataBytes } = read(file);
  expect(start % 8).toBe(0);
  expect(dataBytes).toBe(15);
  expect(notes).toEqual({ note: 'text "quoted"' });
  expect(tensors.map(({ name, dtype, shape, from }) => [name, dtype, shape, from])).toEqual([
    ['a', 'F32', [1, 2], 0],
    ['"\\\n\u2028 ../x', 'I32', [1], 8],
    ['b', 'U8', [3], 12],
  ]);
  expect([...new Float32Array(tensors[0]!.bytes.buffer)]).toEqual([1, -2]);
  expect(() => writeSafetensors([safeTensor('c', [2], Uint8Array.of(1))])).toThrow('c has 1 bytes');
});

describe.each(['mlp', 'cnn', 'depthwise', 'resnet', 'gru', 'lstm', 'transformer', 'characters'] as const)(
  '%s',
  (name) => {
    beforeAll(() => startBackend('wasm'));

    test('the integer file has the bytes of the model size, exactly, and the integers of the program', async () => {
      const trainer = trainedPreset(name, 3);
      const trained = await trainedOf(trainer, experimentFor(trainer.present.dataset));
      const { tensors, notes, dataBytes } = read(await exporterOf('weightsInteger')(trained));
      expect(dataBytes).toBe(modelSize(trainer.present).total);
      expect(new Set(tensors.map((tensor) => tensor.name)).size).toBe(tensors.length);
      const { weights } = await trained.program();
      const packing = JSON.parse(notes.packing) as Record<
        string,
        { shape: number[]; bits: number; encoding: Encoding }
      >;
      for (const { name: stored, values } of weights) {
        const key = stored.replace(' ', '.');
        const { bits, encoding } = packing[key]!;
        const packed = tensors.find((tensor) => tensor.name === `${key}.packed`)!.bytes;
        expect(unpackIntegers(packed, bits, encoding, values.length)).toEqual(values);
      }
      trainer.dispose();
    });
  },
);
