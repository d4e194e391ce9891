/**
 * Ways to say in ONNX that values are rounded. One entry each: QuantizeLinear and DequantizeLinear on 8-bit integers, the
 * same for converters by standard operators alone, the
 * same with 4-bit weights where they fit (activations stay uint8: ONNX Runtime 1.30 neither pools, reshapes nor transposes
 * uint4), and QONNX, whose Quant has any width and stays float.
 */

import type { Value, Weights } from '../program';
import { ExportRefused } from '../refusal';
import type { Graph } from './graph';
import { elements } from './model';
import { cast, type Whole } from './whole';

export interface Style {
  ir: number;
  opsets: Readonly<Record<string, number>>;
  /** Values that are only selected, by max pooling, are rounded again, so that runtimes select among integers. */
  roundsSelected: boolean;
  /** Rounds a float tensor. @param low, high what q is clamped to @returns what is kept: integers, or rounded floats */
  keep(graph: Graph, numbers: string, value: Value, low: number, high: number): string;
  /** The float numbers of what is kept. */
  numbers(graph: Graph, kept: string, value: Value): string;
  /** The same as `keep` of the q themselves, on the value's grid. */
  keepWhole(graph: Graph, q: Whole, value: Value): string;
  /** q - zero point of what is kept. */
  whole(graph: Graph, kept: string, value: Value): Whole;
  /** Whether every layer is ONNX's own operator in float32, though the engine's bits are not to be had so. */
  standard?: true;
  /** Whether a recurrent layer is a body that Scan runs; else its positions stand one after the other. */
  scans: boolean;
  /** Float numbers of a weight tensor. @param axis of the scales, in the given shape @param values in that shape's order */
  weights(graph: Graph, weights: Weights, shape: readonly number[], axis: number, values: Int16Array): string;
  /** Float numbers of biases that are int32 at these scales. */
  biases(graph: Graph, stem: string, biases: Int32Array, scales: Float32Array): string;
}

const ranges = { int8: [-128, 127], uint8: [0, 255], int4: [-8, 7] } as const;

function elementOf(weights: Weights, small: boolean): 'int8' | 'int4' {
  let [least, most] = [0, 0];
  for (const value of weights.values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const holds = (element: 'int8' | 'int4') => least >= ranges[element][0] && most <= ranges[element][1];
  if (small && weights.bits <= 4 && holds('int4')) return 'int4';
  if (holds('int8')) return 'int8';
  throw new ExportRefused(
    `The weights of ${weights.layer} have levels from ${least} to ${most}, which no 8-bit type of ONNX holds: choose fewer bits there, or another quantizer.`,
  );
}

const scalesOf = (graph: Graph, stem: string, scales: Float32Array) =>
  graph.constant(`${stem}_scale`, 'float32', scales.length === 1 ? [] : [scales.length], scales);

function linear(ir: number, opset: number, small: boolean) {
  const parametersOf = (graph: Graph, { name, grid }: Value) => [
    graph.constant(`${name}_scale`, 'float32', [], [grid.scale]),
    graph.constant(`${name}_zero_point`, 'uint8', [], [grid.zeroPoint]),
  ];
  return {
    ir,
    opsets: { '': opset },
    roundsSelected: true,
    scans: true,
    keep(graph, numbers, value, low, high) {
      const parameters = parametersOf(graph, value);
      const q = graph.node('QuantizeLinear', `${value.name}_q`, [numbers, ...parameters]);
      const [least, most] = ranges.uint8;
      if (low <= least && high >= most) return q;
      const ends = [low, high].map((end, i) =>
        graph.constant(`${value.name}_${i ? 'high' : 'low'}`, 'uint8', [], [end]),
      );
      return graph.node('Clip', `${value.name}_clipped`, [q, ...ends]);
    },
    numbers: (graph, kept, value) =>
      graph.node('DequantizeLinear', `${value.name}_numbers`, [kept, ...parametersOf(graph, value)]),
    keepWhole: (graph, q, value) => cast(graph, value.name, q, 'uint8'),
    // Not DequantizeLinear: with it ONNX Runtime would take integer kernels, which saturate on older x86 processors.
    whole(graph, kept, { name, grid: { zeroPoint, qmin, qmax } }) {
      const q = graph.node('Cast', `${name}_q_float32`, [kept], { to: elements.float32 });
      const largest = Math.max(qmax - zeroPoint, zeroPoint - qmin);
      if (zeroPoint === 0) return { tensor: q, element: 'float32', largest };
      const zero = graph.constant(`${name}_zero`, 'float32', [], [zeroPoint]);
      return { tensor: graph.node('Sub', `${name}_whole`, [q, zero]), element: 'float32', largest };
    },
    weights(graph, weights, shape, axis, values) {
      const element = elementOf(weights, small);
      const stored = graph.constant(`${weights.name}_q`, element, shape, values);
      const scales = scalesOf(graph, weights.name, weights.scales);
      const dims = weights.scales.length === 1 ? [] : [weights.scales.length];
      const zeros = graph.constant(
        `${weights.name}_zero_point`,
        element,
        dims,
        new Int8Array(weights.scales.length),
      );
      return graph.node(
        'DequantizeLinear',
        weights.name,
        [stored, scales, zeros],
        dims.length ? { axis } : {},
      );
    },
    biases(graph, stem, biases, scales) {
      const stored = graph.constant(`${stem}_biases_q`, 'int32', [biases.length], biases);
      const scale = graph.constant(`${stem}_biases_scale`, 'float32', [scales.length], scales);
      const zeros = graph.constant(
        `${stem}_biases_zero_point`,
        'int32',
        [scales.length],
        new Int32Array(scales.length),
      );
      return graph.node('DequantizeLinear', `${stem}_biases`, [stored, scale, zeros], { axis: 0 });
    },
  } satisfies Style;
}

const qonnxDomain = 'qonnx.custom_op.general';

const qonnx: Style = {
  ir: 8,
  opsets: { '': 17, [qonnxDomain]: 1 },
  roundsSelected: false,
  scans: false,
  keep(graph, numbers, { name, bits, grid }, low) {
    const positive = low > grid.qmin ? graph.node('Relu', `${name}_relu`, [numbers]) : numbers;
    const parameters = [
      graph.constant(`${name}_scale`, 'float32', [], [grid.scale]),
      graph.constant(`${name}_zero_point`, 'float32', [], [grid.zeroPoint]),
      graph.constant(`${name}_bits`, 'float32', [], [bits]),
    ];
    const attributes = { signed: 0, narrow: 0, rounding_mode: 'ROUND' };
    return graph.node('Quant', `${name}_quant`, [positive, ...parameters], attributes, qonnxDomain);
  },
  numbers: (_graph, kept) => kept,
  keepWhole(graph, q, value) {
    const { name, grid } = value;
    const zero = graph.constant(`${name}_zero_point`, 'float32', [], [grid.zeroPoint]);
    const scale = graph.constant(`${name}_scale`, 'float32', [], [grid.scale]);
    const whole = graph.node('Sub', `${name}_whole`, [cast(graph, name, q, 'float32'), zero]);
    const numbers = graph.node('Mul', `${name}_numbers`, [whole, scale]);
    return qonnx.keep(graph, numbers, value, grid.qmin, grid.qmax);
  },
  whole(graph, kept, { name, grid: { scale, zeroPoint, qmin, qmax } }) {
    const step = graph.constant(`${name}_scale`, 'float32', [], [scale]);
    const steps = graph.node('Div', `${name}_steps`, [kept, step]);
    const tensor = graph.node('Round', `${name}_whole`, [steps]);
    return { tensor, element: 'float32', largest: Math.max(qmax - zeroPoint, zeroPoint - qmin) };
  },
  weights(graph, weights, shape, axis, values) {
    const { name, bits, encoding, scales } = weights;
    const dims = scales.length === 1 ? [] : shape.map((size, i) => (i === axis ? size : 1));
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const scaleAt = (i: number) => scales[scales.length === 1 ? 0 : Math.floor(i / inner) % shape[axis]!]!;
    const floats = Float32Array.from(values, (value, i) => value * scaleAt(i));
    const stored = graph.constant(`${name}_float`, 'float32', shape, floats);
    if (bits === 1) {
      const scale = graph.constant(`${name}_scale`, 'float32', dims, scales);
      return graph.node('BipolarQuant', name, [stored, scale], {}, qonnxDomain);
    }
    // Odd levels are every second integer around a zero point between two of them.
    const odd = encoding === 'odd';
    const scale = graph.constant(
      `${name}_scale`,
      'float32',
      dims,
      scales.map((s) => (odd ? 2 * s : s)),
    );
    const zero = graph.constant(`${name}_zero_point`, 'float32', [], [odd ? (2 ** bits - 1) / 2 : 0]);
    const width = graph.constant(`${name}_bits`, 'float32', [], [bits]);
    const narrow = Number(!odd && values.every((value) => value > -(2 ** (bits - 1))));
    const attributes = { signed: odd ? 0 : 1, narrow, rounding_mode: 'ROUND' };
    return graph.node('Quant', name, [stored, scale, zero, width], attributes, qonnxDomain);
  },
  biases: (graph, stem, biases, scales) =>
    graph.constant(
      `${stem}_biases`,
      'float32',
      [biases.length],
      Float32Array.from(biases, (bias, c) => bias * scales[c]!),
    ),
};

export const onnxStyles = {
  int8: linear(8, 17, false),
  int4: linear(10, 21, true),
  qdq: { ...linear(8, 17, false), standard: true },
  qonnx,
} as const satisfies Record<string, Style>;
export type OnnxStyle = keyof typeof onnxStyles;
