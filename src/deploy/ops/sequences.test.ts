/** Embedding, layer norm and attention of the engine against their equations in float64, from the engine's own operands. */
import { beforeAll, expect, test } from 'vitest';
import { startBackend } from '@/kernels/testing/node';
import { programOf } from '@/session/deploy';
import { trainedPreset } from '@/session/testing/trained';
import { IntegerEngine } from '../engine';
import type { Program } from '../program';
import type { AttentionOp, EmbeddingOp, LayerNormOp, Op } from './index';

beforeAll(() => startBackend('wasm'));

const ofKind = <K extends Op['kind']>({ ops }: Program, kind: K) =>
  ops.filter((op) => op.kind === kind) as Extract<Op, { kind: K }>[];

/** A value after a run as numbers, and numbers on its grid, not rounded. */
const reader = ({ values }: Program, memory: readonly Int32Array[]) => ({
  numbers: (index: number) => {
    const { scale, zeroPoint } = values[index]!.grid;
    return Array.from(memory[index]!, (q) => (q - zeroPoint) * scale);
  },
  /** How far each q is from numbers, in steps. */
  distances: (index: number, numbers: readonly number[]) => {
    const { scale, zeroPoint, qmin, qmax } = values[index]!.grid;
    return numbers.map((x, i) =>
      Math.abs(memory[index]![i]! - Math.min(Math.max(x / scale + zeroPoint, qmin), qmax)),
    );
  },
});

const rows = (values: readonly number[], width: number) =>
  Array.from({ length: values.length / width }, (_, r) => values.slice(r * width, (r + 1) * width));

/** Attention of every head, with the shares rounded to their grid. */
function attend(
  { positions, features, heads, causal, softmax }: AttentionOp,
  [queries, keys, values]: readonly (readonly number[])[],
): number[] {
  const depth = features / heads;
  const out = new Array<number>(positions * features).fill(0);
  const at = (of: readonly number[] | undefined, t: number, head: number, d: number) =>
    of![t * features + head * depth + d]!;
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < positions; i++) {
      const exponentials = Array.from({ length: causal ? i + 1 : positions }, (_, j) => {
        let sum = 0;
        for (let d = 0; d < depth; d++) sum += at(queries, i, head, d) * at(keys, j, head, d);
        return Math.exp(sum / Math.sqrt(depth));
      });
      const total = exponentials.reduce((a, b) => a + b);
      for (const [j, e] of exponentials.entries()) {
        const q = Math.min(Math.round(e / total / softmax.scale) + softmax.zeroPoint, softmax.qmax);
        const share = (q - softmax.zeroPoint) * softmax.scale;
        for (let d = 0; d < depth; d++)
          out[i * features + head * depth + d]! += share * at(values, j, head, d);
      }
    }
  return out;
}

test.each(['transformer', 'characters'] as const)('%s follows its equations', async (name) => {
  const trainer = trainedPreset(name, 15);
  const program = await programOf(trainer, 'qat');
  trainer.dispose();
  const engine = new IntegerEngine(program);
  const input = program.values[program.input]!;
  const most = input.bits === 32 ? 10 : 256;
  engine.run(Int32Array.from({ length: engine.values[program.input]!.length }, (_, i) => (i * 7919) % most));
  const { numbers, distances } = reader(program, engine.values);
  const norms = ofKind(program, 'layerNorm');
  const attentions = ofKind(program, 'attention');
  expect(norms.length).toBeGreaterThan(1);
  expect(attentions.length).toBeGreaterThan(0);
  for (const op of norms as LayerNormOp[]) {
    const expected = rows(numbers(op.input), op.features).flatMap((row) => {
      const mean = row.reduce((a, b) => a + b) / row.length;
      const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
      const deviation = Math.sqrt(variance + 1e-5);
      return row.map((x, c) => ((x - mean) / deviation) * (op.gamma[c]! / 2 ** 10) + op.beta[c]! / 2 ** 20);
    });
    // Half a step is rounding, the rest that of 10 fractional bits.
    expect(Math.max(...distances(op.output, expected))).toBeLessThan(0.65);
  }
  for (const op of attentions as AttentionOp[]) {
    const expected = attend(op, [op.input, op.keys, op.values].map(numbers));
    const found = distances(op.output, expected);
    // A share on the other side of a tie moves the mix by a step.
    expect(Math.max(...found)).toBeLessThan(3);
    expect(found.filter((far) => far > 0.75).length).toBeLessThan(0.1 * found.length);
  }
  for (const op of ofKind(program, 'embedding') as EmbeddingOp[]) {
    const symbols = engine.values[op.input]!;
    const part = (index: number, i: number, c: number) => {
      const { values, scales } = program.weights[index]!;
      return values[i]! * scales[scales.length === 1 ? 0 : c]!;
    };
    const width = program.values[op.output]!.shape.at(-1)!;
    const expected = Array.from(engine.values[op.output]!, (_, i) => {
      const [t, c] = [Math.floor(i / width), i % width];
      return part(op.weights, symbols[t]! * width + c, c) + part(op.positions, i, c);
    });
    expect(Math.max(...distances(op.output, expected))).toBeLessThan(0.501);
  }
});
