/** The C export, compiled by gcc with every warning an error, against the integer engine; names that try to break out. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { volume } from '@/catalog/layers';
import { startBackend } from '@/kernels/testing/node';
import { programOf } from '@/session/deploy';
import { trainedPreset } from '@/session/testing/trained';
import { atBits } from '@/session/testing/widths';
import { IntegerEngine, quantizeInput } from '../engine';
import { readsOf, scratchOf } from '../ops';
import { bytesOf, planMemory } from '../plan';
import { exportC } from './index';
import { commentOf, fileStemOf } from './names';

const hasGcc = spawnSync('gcc', ['--version']).status === 0;
if (!hasGcc) console.warn('gcc is missing: the C export is not compiled.');

beforeAll(() => startBackend('wasm'));

const strict = ['-O2', '-std=c99', '-pedantic', '-Wall', '-Wextra', '-Werror'];

const cases = [
  ['mlp', 8, 8],
  ['wideMlp', 4, 4],
  ['cnn', 3, 5],
  ['depthwise', 8, 4],
  ['resnet', 1, 2],
  ['gru', 8, 8],
  ['gru', 2, 4],
  ['lstm', 4, 8],
  ['transformer', 8, 8],
  ['transformer', 2, 4],
  ['characters', 4, 8],
] as const;

describe.skipIf(!hasGcc)('compiled by gcc', () => {
  test.each(cases)(
    '%s at W%iA%i gives the logits of the integer engine',
    async (name, weights, activations) => {
      const trainer = trainedPreset(name, 6, atBits(weights, activations));
      const program = await programOf(trainer, 'qat');
      const exported = exportC(program, `${name} */ "hostile`);
      const folder = mkdtempSync(join(tmpdir(), 'qat-c-'));
      try {
        for (const file of exported.files) writeFileSync(join(folder, file.name), file.text);
        const sources = exported.files.map(({ name: file }) => file).filter((file) => file.endsWith('.c'));
        const built = spawnSync('gcc', [...strict, '-o', 'predict', ...sources], {
          cwd: folder,
          encoding: 'utf8',
        });
        expect(built.stderr).toBe('');
        expect(built.status).toBe(0);
        const { test: split, inputShape } = trainer.dataset;
        const size = volume(inputShape);
        const unit = split.x instanceof Uint8Array ? 255 : 1;
        const engine = new IntegerEngine(program);
        const inputs: Uint8Array[] = [];
        const expected: string[] = [];
        for (let i = 0; i < split.count; i++) {
          const numbers = Array.from(split.x.subarray(i * size, (i + 1) * size), (x) => x / unit);
          const input = quantizeInput(program, numbers);
          inputs.push(Uint8Array.from(input));
          expected.push(engine.run(input).join(' '));
        }
        const ran = spawnSync('./predict', ['logits'], {
          cwd: folder,
          input: Buffer.concat(inputs),
          maxBuffer: 2 ** 26,
        });
        expect(ran.stdout.toString().trim().split('\n')).toEqual(expected);
        const object = spawnSync('gcc', [...strict, '-c', '-o', 'model.o', sources[0]!], { cwd: folder });
        expect(object.status).toBe(0);
        const [, line = ''] = spawnSync('size', ['model.o'], { cwd: folder, encoding: 'utf8' }).stdout.split(
          '\n',
        );
        const [text = 0, , bss = 0] = line.trim().split(/\s+/).map(Number);
        expect(text).toBeGreaterThan(exported.flashData);
        expect(bss).toBeGreaterThanOrEqual(exported.ram);
        expect(bss).toBeLessThan(exported.ram + 64);
        const undefinedNames = spawnSync('nm', ['-u', 'model.o'], { cwd: folder, encoding: 'utf8' }).stdout;
        expect(undefinedNames).not.toMatch(/malloc|printf|exp|tanh|__mul.f|__add.f/);
      } finally {
        rmSync(folder, { recursive: true });
        trainer.dispose();
      }
    },
  );
});

test.each(['resnet', 'lstm'] as const)(
  'no two values of %s that live together share memory',
  async (name) => {
    const trainer = trainedPreset(name, 1);
    const program = await programOf(trainer, 'qat');
    const { offsets, bytes } = planMemory(program);
    const alive = new Set<number>();
    program.ops.forEach((op, index) => {
      alive.add(op.output);
      for (const value of scratchOf(op)) alive.add(value);
      const ranges = [...alive].map(
        (value) => [offsets[value]!, offsets[value]! + bytesOf(program.values[value]!)] as const,
      );
      for (const [i, a] of ranges.entries())
        for (const b of ranges.slice(i + 1)) expect(a[1] <= b[0] || b[1] <= a[0]).toBe(true);
      for (const [, end] of ranges) expect(end).toBeLessThanOrEqual(bytes);
      for (const value of [...alive])
        if (
          value !== program.output &&
          !program.ops.slice(index + 1).some((later) => readsOf(later).includes(value))
        )
          alive.delete(value);
    });
    trainer.dispose();
  },
);

test('no name escapes into comments or file names', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (name) => {
      expect(commentOf(name)).toMatch(/^[A-Za-z0-9 .,:;=+_()-]{1,80}$/);
      expect(fileStemOf(name)).toMatch(/^[a-z0-9][a-z0-9_]{0,39}$/);
    }),
  );
  expect(commentOf('*/ int x; /* ??/\\\n')).not.toMatch(/\*|\/|\\|\?/);
  expect(fileStemOf('../../etc/passwd')).toBe('etc_passwd');
  expect(fileStemOf('漢字')).toBe('model');
});
