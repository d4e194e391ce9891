/**
 * Transformers by ONNX's own operators in float32 between QuantizeLinear and DequantizeLinear, for converters, which know
 * Softmax and LayerNormalization but no integers in between. Rounded at the same sites as the integer engine, not in the steps
 * inside a layer, so that a value near a tie may come out a step apart.
 */
import { normalBits } from '@/kernels/integerLayerNorm/constants';
import { gammaBits } from '@/quant/fixedPoint';
import type { OpKind } from '../ops';
import type { Grid, Value } from '../program';
import type { Graph } from './graph';
import { elements } from './model';
import { translators } from './translate';
import type { Translation, Translator } from './translation';

const one = (graph: Graph, stem: string, value: number) => graph.constant(stem, 'float32', [], [value]);

/** A table of weights as float numbers. */
function tableOf(to: Translation, index: number): string {
  const weights = to.program.weights[index]!;
  return to.style.weights(to.graph, weights, weights.shape, weights.shape.length - 1, weights.values);
}

/** Position vectors as floats: an Add of integers has one scale for all channels. */
function vectorsOf(to: Translation, index: number): string {
  const { name, shape, values, scales } = to.program.weights[index]!;
  const floats = Float32Array.from(
    values,
    (value, i) => value * scales[scales.length === 1 ? 0 : i % scales.length]!,
  );
  return to.graph.constant(name, 'float32', shape, floats);
}

const embedding: Translator<'embedding'> = (to, op) => {
  const { graph } = to;
  const { layer } = op;
  const read = to.rows(op.input, to.value(op.input).shape);
  const symbols = graph.node('Cast', `${layer}_symbols`, [read], { to: elements.int32 });
  const rows = graph.node('Gather', `${layer}_rows`, [tableOf(to, op.weights), symbols]);
  const sums = graph.node('Add', `${layer}_sum`, [rows, vectorsOf(to, op.positions)]);
  to.put(op.output, sums, 'rows', to.value(op.output).shape);
};

const positions: Translator<'positions'> = (to, op) => {
  const { shape } = to.value(op.output);
  const sums = to.graph.node('Add', `${op.layer}_sum`, [to.rows(op.input, shape), vectorsOf(to, op.weights)]);
  to.put(op.output, sums, 'rows', shape);
};

const layerNorm: Translator<'layerNorm'> = (to, op) => {
  const { graph } = to;
  const { layer, features } = op;
  const { shape } = to.value(op.output);
  const scale = Float32Array.from(op.gamma, (gamma) => gamma * 2 ** -gammaBits);
  const shift = Float32Array.from(op.beta, (beta) => beta * 2 ** -(normalBits + gammaBits));
  // Its epsilon, if none is named, is 10^-5, as ours.
  const normal = graph.node('LayerNormalization', `${layer}_normalized`, [
    to.rows(op.input, shape),
    graph.constant(`${layer}_gamma`, 'float32', [features], scale),
    graph.constant(`${layer}_beta`, 'float32', [features], shift),
  ]);
  to.put(op.output, normal, 'rows', shape);
};

const attention: Translator<'attention'> = (to, op) => {
  const { graph, style } = to;
  const { layer, features, heads } = op;
  const depth = features / heads;
  const dims = [op.positions, heads, depth];
  const byHead = (index: number, perm: readonly number[]) =>
    graph.node('Transpose', `${to.value(index).name}_by_head`, [to.rows(index, dims)], { perm });
  /** Rounded to the grid of a site inside the layer. */
  const rounded = (numbers: string, site: string, grid: Grid): string => {
    const value: Value = { name: `${layer} ${site}`, layer, shape: [], bits: 8, grid };
    return style.numbers(graph, style.keep(graph, numbers, value, grid.qmin, grid.qmax), value);
  };
  const products = graph.node('MatMul', `${layer}_products`, [
    byHead(op.input, [0, 2, 1, 3]),
    byHead(op.keys, [0, 2, 3, 1]),
  ]);
  const raw = graph.node('Mul', `${layer}_scaled`, [
    products,
    one(graph, `${layer}_root`, 1 / Math.sqrt(depth)),
  ]);
  const scores = op.scoreGrid ? rounded(raw, 'scores', op.scoreGrid) : raw;
  const seen = op.causal
    ? graph.node('Add', `${layer}_seen`, [scores, unseen(graph, layer, op.positions)])
    : scores;
  const shares = graph.node('Softmax', `${layer}_shares`, [seen], { axis: -1 });
  const mixed = graph.node('MatMul', `${layer}_mixed`, [
    rounded(shares, 'softmax', op.softmax),
    byHead(op.values, [0, 2, 1, 3]),
  ]);
  const context = graph.node('Transpose', `${layer}_joined`, [mixed], { perm: [0, 2, 1, 3] });
  to.put(op.output, context, 'rows', dims);
};

/** Added to scores of keys behind the query, so that their share is 0. */
function unseen(graph: Graph, layer: string, positions: number): string {
  const values = Array.from({ length: positions ** 2 }, (_, at) =>
    at % positions > Math.floor(at / positions) ? -1e4 : 0,
  );
  return graph.constant(`${layer}_unseen`, 'float32', [positions, positions], values);
}

export const standardTranslators = {
  ...translators,
  embedding,
  positions,
  layerNorm,
  attention,
} satisfies { [K in OpKind]?: Translator<K> };
