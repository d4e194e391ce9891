/**
 * The parity report: the integer engine against the trained network on a set of examples, layer by layer, in steps of each
 * layer's grid (LSB). The network is evaluated twice: in evaluation mode, whose tensor kernels round as integers do, and by
 * the training forward pass, whose float rounding falls on the other side of a tie now and then; so that what is reported
 * is not one thing compared with itself.
 */
import * as tf from '@tensorflow/tfjs-core';
import { volume } from '@/catalog/layers';
import { answersOf, sameAnswers } from '@/experiment/answers';
import type { Difference, LayerParity, Parity } from '@/experiment/parity';
import type { Tap } from '@/model/pass';
import { batchOf, IntegerEngine } from './engine';
import type { Program } from './program';

export interface Compared {
  /** Logits of a batch in evaluation mode, or by the training forward pass. */
  forward(x: tf.Tensor, tap: Tap, integers: boolean): tf.Tensor;
  inputShape: readonly number[];
  /** Batches of examples, each disposed by the caller when the next is asked for. */
  batches(): Iterable<tf.Tensor>;
  /** Labels of each example; -1 where nothing is asked. */
  labels: ArrayLike<number>;
  labelsPerExample: number;
}

/** What the network gave for one batch: numbers of each layer, and the logits. */
interface Seen {
  layers: Map<string, { values: Float32Array; scale: number }>;
  logits: Float32Array;
}

/** A number in steps of the grid: in evaluation mode exactly, where it has to be a whole number; else the nearest. */
const steps = (
  { values, scale }: { values: Float32Array; scale: number },
  grid: number,
  at: number,
  exact: boolean,
): number => {
  const found = scale === grid ? values[at]! : (values[at]! * scale) / grid;
  return exact ? found : Math.round(found);
};

/**
 * Compares on every example.
 * @param clock in ms
 */
export async function compareWithIntegers(
  program: Program,
  compared: Compared,
  clock: () => number = () => performance.now(),
): Promise<Parity> {
  const engine = new IntegerEngine(program, { batch: batchOf(program) });
  const names = Object.keys(program.outputs);
  const nothing = (): Difference => ({ lsb: 0, outputs: 0 });
  const layers = names.map((name): LayerParity => {
    const { bits } = program.values[program.outputs[name]!]!;
    return { name, bits, outputs: 0, evaluation: nothing(), training: nothing() };
  });
  const right = { integer: 0, evaluation: 0, training: 0 };
  const mismatches = { evaluation: 0, training: 0 };
  const times: number[] = [];
  const classes = program.values[program.output]!.shape.at(-1)!;
  const { labels, labelsPerExample } = compared;
  let samples = 0;
  for (const x of compared.batches()) {
    const count = x.shape[0]!;
    const numbers = await x.data();
    const seen = { evaluation: await look(compared, x, true), training: await look(compared, x, false) };
    const perExample = volume(program.values[program.output]!.shape);
    let started = clock();
    engine.runAll(numbers, (logits, logitsAt, i, ofBatch) => {
      if (ofBatch === 0) times.push(((clock() - started) * perExample) / logits.length);
      const asked = Array.from(
        { length: labelsPerExample },
        (_, k) => labels[(samples + i) * labelsPerExample + k]!,
      );
      const answers = answersOf(logits, logitsAt, classes, asked);
      if (sameAnswers(answers, asked)) right.integer++;
      for (const pass of ['evaluation', 'training'] as const) {
        const other = answersOf(seen[pass].logits, i * perExample, classes, asked);
        if (sameAnswers(other, asked)) right[pass]++;
        if (!sameAnswers(other, answers)) mismatches[pass]++;
      }
      for (const [index, name] of names.entries()) {
        const at = program.outputs[name]!;
        const { grid, shape } = program.values[at]!;
        const own = engine.values[at]!.subarray(ofBatch * volume(shape), (ofBatch + 1) * volume(shape));
        const layer = layers[index]!;
        layer.outputs += own.length;
        for (const pass of ['evaluation', 'training'] as const) {
          const found = seen[pass].layers.get(name);
          if (!found) continue;
          // A recurrent layer that gives its last state shows all of them, the last one last.
          const from = ((i + 1) * found.values.length) / count - own.length;
          add(layer[pass], own, grid.zeroPoint, (k) =>
            steps(found, grid.scale, from + k, pass === 'evaluation'),
          );
        }
      }
      started = clock();
    });
    samples += count;
  }
  return {
    samples,
    layers,
    accuracy: {
      integer: right.integer / samples,
      evaluation: right.evaluation / samples,
      training: right.training / samples,
    },
    mismatches,
    floats: program.floats,
    engineMs: median(times),
  };
}

function add(
  difference: Difference,
  own: Int32Array,
  zeroPoint: number,
  other: (index: number) => number,
): void {
  for (let k = 0; k < own.length; k++) {
    const lsb = Math.abs(own[k]! - zeroPoint - other(k));
    if (lsb === 0) continue;
    difference.outputs++;
    difference.lsb = Math.max(difference.lsb, lsb);
  }
}

/** Runs one pass and reads what each layer gave. */
async function look({ forward }: Compared, x: tf.Tensor, integers: boolean): Promise<Seen> {
  const kept = new Map<string, { values: tf.Tensor; params: tf.Tensor }>();
  const logits = tf.tidy(() =>
    forward(
      x,
      (layer, site, _latent, { values, params }) => {
        if (site !== 'activations') return;
        kept.set(layer, { values: tf.keep(tf.clone(values)), params: tf.keep(tf.clone(params)) });
      },
      integers,
    ),
  );
  const layers: Seen['layers'] = new Map();
  for (const [name, { values, params }] of kept) {
    const [scale = 1] = await params.data();
    layers.set(name, { values: Float32Array.from(await values.data()), scale });
    tf.dispose([values, params]);
  }
  const read = Float32Array.from(await logits.data());
  logits.dispose();
  return { layers, logits: read };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
