/** Activation functions by ONNX's own operators, in float32. */
import type { TableFunction } from '@/quant/fixedPoint';
import type { Graph } from './graph';

type Written = (graph: Graph, stem: string, x: string) => string;

/** The tanh form that trains; ONNX has a Gelu from opset 20 on. */
const gelu: Written = (graph, stem, x) => {
  const one = (name: string, value: number) => graph.constant(`gelu_${name}`, 'float32', [], [value]);
  const slope = Math.sqrt(2 / Math.PI);
  const square = graph.node('Mul', `${stem}_square`, [x, x]);
  const curved = graph.node('Mul', `${stem}_curved`, [square, one('cubic', 0.044715 * slope)]);
  const factor = graph.node('Add', `${stem}_factor`, [curved, one('linear', slope)]);
  const argument = graph.node('Mul', `${stem}_argument`, [x, factor]);
  const moved = graph.node('Add', `${stem}_moved`, [
    graph.node('Tanh', `${stem}_tanh`, [argument]),
    one('one', 1),
  ]);
  const half = graph.node('Mul', `${stem}_half`, [x, one('half', 0.5)]);
  return graph.node('Mul', `${stem}_gelu`, [half, moved]);
};

export const functions: Record<TableFunction, Written> = {
  sigmoid: (graph, stem, x) => graph.node('Sigmoid', `${stem}_sigmoid`, [x]),
  tanh: (graph, stem, x) => graph.node('Tanh', `${stem}_tanh`, [x]),
  gelu,
};
