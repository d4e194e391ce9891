/** GRU and LSTM, with PyTorch's gate order. Gates and hidden state are rounded at every position. */
import * as tf from '@tensorflow/tfjs-core';
import type { Gru, Lstm } from '@/catalog/layers';
import { gruGates, gruState } from '@/kernels/gru';
import { lstmGates, lstmHidden, lstmState } from '@/kernels/lstm';
import type { Layer, LayerImplementation, Signal } from './layer';
import { product, scaled } from './linear';
import { gruIntegers, type IntegerCell, lstmIntegers, runIntegers } from './recurrentIntegers';

/** One position: from the input's and the state's part of the gates to the next state, not rounded yet. */
type Cell = (
  input: tf.Tensor2D,
  state: tf.Tensor2D,
  rounded: (gates: tf.Tensor) => tf.Tensor2D,
) => tf.Tensor2D;

/** Runs a cell over a sequence; the products with all inputs are one. */
function run(
  input: Signal,
  layer: Layer<Gru | Lstm>,
  cell: (hidden: () => tf.Tensor2D) => Cell,
  integers: IntegerCell,
): Signal {
  const { units, returns } = layer.spec;
  const weights = layer.weights();
  const recurrent = layer.weights('recurrent');
  const deployed = runIntegers(input, layer, weights, recurrent, integers);
  if (deployed) return deployed;
  const sums = product(input.values, weights.values);
  const parts = tf.unstack(scaled(sums, input, weights, layer.variable('biases'), 'linear'), 1);
  const gates = layer.repeated('gates');
  const states = layer.repeated('activations');
  const batch = input.values.shape[0]!;
  let hidden = layer.plain(tf.zeros([batch, units]));
  const step = cell(() => layer.numbers(hidden) as tf.Tensor2D);
  const all: tf.Tensor[] = [];
  for (const part of parts) {
    const own = scaled(
      product(hidden.values, recurrent.values),
      hidden,
      recurrent,
      layer.variable('recurrentBiases'),
      'linear',
    );
    hidden = states.round(
      step(
        part as tf.Tensor2D,
        own as tf.Tensor2D,
        (values) => layer.numbers(gates.round(values)) as tf.Tensor2D,
      ),
    );
    if (returns === 'sequence') all.push(hidden.values);
  }
  gates.done();
  states.done();
  return returns === 'sequence' ? { ...hidden, values: tf.stack(all, 1) } : hidden;
}

/** h' = (1 - z) n + z h; n sees r before it is rounded. */
export const gru: LayerImplementation<Gru> = (input, layer) =>
  run(
    input,
    layer as Layer<Gru | Lstm>,
    (hidden) => (part, own, rounded) => gruState(rounded(gruGates(part, own)), hidden()),
    gruIntegers,
  );

/** c' = f c + i g, h' = o tanh(c'); the cell is not rounded while it trains. */
export const lstm: LayerImplementation<Lstm> = (input, layer) => {
  let memory: tf.Tensor2D = tf.zeros([input.values.shape[0]!, layer.spec.units]);
  return run(
    input,
    layer as Layer<Gru | Lstm>,
    () => (part, own, rounded) => {
      const gates = rounded(lstmGates(part, own));
      memory = lstmState(gates, memory);
      return lstmHidden(gates, memory);
    },
    lstmIntegers,
  );
};
