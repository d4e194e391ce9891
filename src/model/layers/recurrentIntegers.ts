/** GRU and LSTM as the deployed network computes them: gates of integer arguments, products of fixed-point numbers. */
import * as tf from '@tensorflow/tfjs-core';
import type { Gru, Lstm } from '@/catalog/layers';
import { requantize } from '@/kernels/requantize';
import { argumentStep, cellGrid, gateBits, partGrid, resetBits } from '@/quant/fixedPoint';
import { exactSums } from '../integers';
import {
  bring,
  codesOf,
  curveOf,
  fixedPoint,
  functionOf,
  inSteps,
  nothing,
  onCurve,
  type Part,
  paramsOf,
} from '../tables';
import type { Deployed, Layer, Signal } from './layer';
import { product } from './linear';

type GateFunction = keyof typeof argumentStep;

/** What the gates of one position are made of. */
interface Position {
  /** [B, gates * H] in steps of the parts' grid: from the input, and from the state. */
  input: tf.Tensor;
  state: tf.Tensor;
  /** [B, H]: the state before, as integers of its grid. */
  before: tf.Tensor;
}
/** What a position gives. */
interface Next {
  /** [B, H]: the integers of the state, and the number before it was rounded. */
  state: tf.Tensor;
  latent(): tf.Tensor;
  /** For each gate in order the function that it is, and the codes of its argument [B, H]. */
  gates: readonly (readonly [GateFunction, tf.Tensor])[];
}
/** Makes what computes one position after the other. */
export type IntegerCell = (
  layer: Layer<Gru | Lstm>,
  gates: Deployed,
  states: Deployed,
  batch: number,
) => (position: Position) => Next;

/** A gate at codes of its argument: the number, the integers of the gates' grid, and their worth in steps of 2^-gateBits. */
function gateOf(layer: Layer<Gru | Lstm>, gates: Deployed, name: GateFunction, codes: tf.Tensor) {
  const numbers = functionOf(layer, name, codes, argumentStep[name]);
  const values = gates.round!(numbers);
  return { numbers, values, worth: inSteps(layer.numbers({ ...gates, values }), gateBits) };
}

const integers = (values: tf.Tensor) => tf.cast(values, 'int32');
/** Integer-valued floats times each other, as int32. */
const times = (a: tf.Tensor, b: tf.Tensor) => tf.mul(integers(a), integers(b));

/** Columns [B, H] of gate number `from`, or of several. */
const gatesAt = (values: tf.Tensor, units: number, from: number, count = 1): tf.Tensor =>
  tf.slice(values, [0, from * units], [-1, count * units]);

/** Codes of a function's argument, the sum of both parts. */
const codesAt = (layer: Layer<Gru | Lstm>, name: GateFunction, a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
  const { params } = fixedPoint(partGrid);
  const step = argumentStep[name];
  return bring(layer, { values: a, params }, codesOf(step), { values: b, params });
};

/**
 * Runs a cell over a sequence as integers.
 * @returns undefined where this pass or one of the sites computes in floats
 */
export function runIntegers(
  input: Signal,
  layer: Layer<Gru | Lstm>,
  weights: Signal,
  recurrent: Signal,
  cell: IntegerCell,
): Signal | undefined {
  const { units, returns } = layer.spec;
  const [gates, states] = [layer.deployed('gates'), layer.deployed('activations')];
  const sums = exactSums(input, weights, product);
  if (!sums || !gates?.round || !states?.round) return undefined;
  const [batch = 1, positions = 1] = input.values.shape;
  const { params, limit } = states;
  const parts = fixedPoint(partGrid);
  const partOf = (of: tf.Tensor, inputParams: tf.Tensor2D, by: Signal, biases: string) =>
    requantize(
      {
        sums: of,
        inputParams,
        weightParams: by.params,
        bias: layer.variable(biases) as unknown as tf.Tensor1D,
      },
      parts.params,
      parts.settings,
      nothing(),
    );
  const inputs = tf.unstack(partOf(sums, input.params, weights, 'biases'), 1);
  const step = cell(layer, gates, states, batch);
  let before: tf.Tensor = tf.zeros([batch, units]);
  const found: Next[] = [];
  for (let t = 0; t < positions; t++) {
    const own = exactSums({ values: before, params, limit: limit! }, recurrent, product);
    if (!own) return undefined;
    const next = step({
      input: inputs[t]!,
      state: partOf(own, params, recurrent, 'recurrentBiases'),
      before,
    });
    found.push(next);
    before = next.state;
  }
  const all = () =>
    tf.stack(
      found.map(({ state }) => state),
      1,
    );
  layer.look('gates', () => {
    const each = (part: 'numbers' | 'values') =>
      tf.stack(
        found.map((next) =>
          tf.concat(
            next.gates.map(([name, codes]) => gateOf(layer, gates, name, codes)[part]),
            1,
          ),
        ),
        1,
      );
    return { latent: each('numbers'), rounded: { values: each('values'), params: gates.params } };
  });
  layer.look('activations', () => ({
    latent: tf.stack(
      found.map(({ latent }) => latent()),
      1,
    ),
    rounded: { values: all(), params },
  }));
  return { values: returns === 'sequence' ? all() : before, params, limit: limit! };
}

/** Numbers of integers worth 2^-bits each. */
const numbersOf = (values: tf.Tensor, bits: number) => tf.mul(tf.cast(values, 'float32'), 2 ** -bits);

/** r is worth steps of 2^-resetBits and not rounded at a site; h' = (1 - z) n + z h with z and n in steps of 2^-gateBits. */
export const gruIntegers: IntegerCell = (layer, gates, states) => {
  const { units } = layer.spec;
  const reset = curveOf(layer, 'sigmoid', argumentStep.sigmoid, resetBits);
  const one = 2 ** gateBits;
  const scale = tf.reshape(tf.slice(states.params, [0, 0], [1, 1]), [1]);
  const gated = paramsOf(tf.mul(scale, 1 / one));
  return ({ input, state, before }) => {
    const both = codesAt(layer, 'sigmoid', gatesAt(input, units, 0, 2), gatesAt(state, units, 0, 2));
    const [resets, updates] = [gatesAt(both, units, 0), gatesAt(both, units, 1)];
    const argument = tf.add(
      tf.mul(integers(gatesAt(input, units, 2)), tf.scalar(2 ** resetBits, 'int32')),
      times(onCurve(reset, resets), gatesAt(state, units, 2)),
    );
    const argumentParams = paramsOf(2 ** -(partGrid.bits + resetBits));
    const candidates = bring(layer, { values: argument, params: argumentParams }, codesOf(argumentStep.tanh));
    const z = gateOf(layer, gates, 'sigmoid', updates).worth;
    const fresh = times(tf.sub(one, z), gateOf(layer, gates, 'tanh', candidates).worth);
    const kept: Part = { values: tf.mul(z, before), params: gated };
    return {
      state: bring(layer, { values: fresh, params: paramsOf(2 ** (-2 * gateBits)) }, states, kept),
      latent: () => tf.add(numbersOf(fresh, 2 * gateBits), layer.numbers({ ...kept })),
      gates: [
        ['sigmoid', resets],
        ['sigmoid', updates],
        ['tanh', candidates],
      ],
    };
  };
};

/** The cell in steps of its grid; gates in steps of 2^-gateBits. */
export const lstmIntegers: IntegerCell = (layer, gates, states, batch) => {
  const { units } = layer.spec;
  const curve = curveOf(layer, 'tanh', argumentStep.tanh, gateBits);
  const kept = fixedPoint(cellGrid);
  let cell: tf.Tensor = tf.zeros([batch, units]);
  return ({ input, state }) => {
    const at = (name: GateFunction, from: number, count = 1) =>
      codesAt(layer, name, gatesAt(input, units, from, count), gatesAt(state, units, from, count));
    const first = at('sigmoid', 0, 2);
    const [i, f, g, o] = [
      gatesAt(first, units, 0),
      gatesAt(first, units, 1),
      at('tanh', 2),
      at('sigmoid', 3),
    ];
    const worth = (name: GateFunction, of: tf.Tensor) => gateOf(layer, gates, name, of).worth;
    const sum = tf.add(times(worth('sigmoid', f), cell), times(worth('sigmoid', i), worth('tanh', g)));
    cell = bring(layer, { values: sum, params: paramsOf(2 ** -(cellGrid.bits + gateBits)) }, kept);
    const codes = bring(layer, { values: cell, params: kept.params }, codesOf(argumentStep.tanh));
    const hidden = times(worth('sigmoid', o), onCurve(curve, codes));
    return {
      state: bring(layer, { values: hidden, params: paramsOf(2 ** (-2 * gateBits)) }, states),
      latent: () => numbersOf(hidden, 2 * gateBits),
      gates: [
        ['sigmoid', i],
        ['sigmoid', f],
        ['tanh', g],
        ['sigmoid', o],
      ],
    };
  };
};
