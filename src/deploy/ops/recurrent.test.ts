/** GRU and LSTM of the engine against the equations in float64, one position after the other from the engine's own state. */
import { beforeAll, describe, expect, test } from 'vitest';
import { layerKinds } from '@/catalog/layers';
import { startBackend } from '@/kernels/testing/node';
import { programOf } from '@/session/deploy';
import { trainedPreset } from '@/session/testing/trained';
import { IntegerEngine } from '../engine';
import type { Grid, Program } from '../program';
import type { GruOp, LstmOp, Products } from './index';

beforeAll(() => startBackend('wasm'));

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Numbers of a row times the weights' numbers, and the bias. */
function multiply(program: Program, op: Products, row: number[], from: Grid, width: number): number[] {
  const { values, scales } = program.weights[op.weights]!;
  const scale = (c: number) => scales[scales.length === 1 ? 0 : c]!;
  return Array.from({ length: width }, (_, c) =>
    row.reduce(
      (sum, x, k) => sum + x * values[k * width + c]! * scale(c),
      op.biases[c]! * from.scale * scale(c),
    ),
  );
}

describe.each(['gru', 'lstm'] as const)('%s', (kind) => {
  test('follows its equations to a step of the state’s grid', async () => {
    const trainer = trainedPreset(kind, 20, (experiment) => ({
      ...experiment,
      layers: experiment.layers.flatMap((spec) =>
        spec.kind === kind
          ? [{ ...spec, units: 24, returns: 'sequence' as const }, layerKinds.globalAveragePool.defaults]
          : [spec],
      ),
    }));
    const program = await programOf(trainer, 'qat');
    trainer.dispose();
    const op = program.ops.find((each) => each.kind === kind) as GruOp | LstmOp;
    const { units, positions, features } = op;
    const [from, state] = [program.values[op.input]!.grid, program.values[op.output]!.grid];
    const engine = new IntegerEngine(program);
    const input = Int32Array.from({ length: positions * features }, (_, i) => (i * 7919) % 256);
    engine.run(input);
    const states = engine.values[op.output]!;
    const onGates = (x: number) => {
      const q = Math.round(x / op.gates.scale) + op.gates.zeroPoint;
      return (Math.min(Math.max(q, op.gates.qmin), op.gates.qmax) - op.gates.zeroPoint) * op.gates.scale;
    };
    const cell = new Float64Array(units);
    let [far, off] = [0, 0];
    for (let t = 0; t < positions; t++) {
      const row = Array.from(
        input.subarray(t * features, (t + 1) * features),
        (q) => (q - from.zeroPoint) * from.scale,
      );
      const before = Array.from({ length: units }, (_, j) =>
        t === 0 ? 0 : (states[(t - 1) * units + j]! - state.zeroPoint) * state.scale,
      );
      const width = (kind === 'gru' ? 3 : 4) * units;
      const a = multiply(program, op.inputs, row, from, width);
      const b = multiply(program, op.recurrent, before, state, width);
      for (let j = 0; j < units; j++) {
        const sum = (gate: number) => a[gate * units + j]! + b[gate * units + j]!;
        let next: number;
        if (kind === 'gru') {
          const z = onGates(sigmoid(sum(1)));
          const n = onGates(Math.tanh(a[2 * units + j]! + sigmoid(sum(0)) * b[2 * units + j]!));
          next = (1 - z) * n + z * before[j]!;
        } else {
          cell[j] =
            onGates(sigmoid(sum(1))) * cell[j]! + onGates(sigmoid(sum(0))) * onGates(Math.tanh(sum(2)));
          next = onGates(sigmoid(sum(3))) * Math.tanh(cell[j]!);
        }
        const expected = Math.min(Math.max(next / state.scale + state.zeroPoint, state.qmin), state.qmax);
        const error = Math.abs(states[t * units + j]! - expected);
        far = Math.max(far, error);
        if (error > 0.6) off++;
      }
    }
    // Half a step is rounding; more only where a gate fell on the other side of a tie.
    expect(far).toBeLessThan(kind === 'gru' ? 2 : 4);
    expect(off).toBeLessThan(0.1 * states.length);
  });
});
