/** Attention as whole numbers, all heads at once: [N, heads, positions, depth]. See ../../ops/attention.ts for what it computes. */
import { shareBits } from '@/kernels/integerSoftmax/constants';
import type { AttentionOp } from '../../ops';
import type { Graph } from '../graph';
import type { Translation, Translator } from '../translation';
import { constant, entryOf, minus, plus, quotient, rescaled, summed, times, type Whole } from '../whole';

/** Queries, keys or values, head by head. @param perm of [N, positions, heads, depth] */
function byHead(to: Translation, op: AttentionOp, index: number, perm: readonly number[]): Whole {
  const { positions, features, heads } = op;
  const whole = to.wholeRows(index, [positions, heads, features / heads]);
  const stem = `${to.value(index).name}_by_head`;
  return { ...whole, tensor: to.graph.node('Transpose', stem, [whole.tensor], { perm }) };
}

/** Sums of products over `count`, which lowering holds below 2^24. */
const product = (graph: Graph, stem: string, a: Whole, b: Whole, count: number): Whole => ({
  tensor: graph.node('MatMul', stem, [a.tensor, b.tensor]),
  element: 'float32',
  largest: Math.min(count * a.largest * b.largest, 2 ** 24),
});

export const attention: Translator<'attention'> = (to, op) => {
  const { graph } = to;
  const { layer, positions, features, heads, softmax } = op;
  const queries = byHead(to, op, op.input, [0, 2, 1, 3]);
  const keys = byHead(to, op, op.keys, [0, 2, 3, 1]);
  const sums = product(graph, `${layer}_products`, queries, keys, features / heads);
  const scores = rescaled(graph, `${layer}_scores`, op.scores, [sums]);
  const rounded = rescaled(graph, `${layer}_shares`, op.shares, [shares(graph, op, scores)], {
    base: softmax.zeroPoint,
  });
  const values = byHead(to, op, op.values, [0, 2, 1, 3]);
  const mixed = product(graph, `${layer}_mixed`, rounded, values, positions);
  const q = rescaled(graph, `${layer}_to_grid`, op.rescale, [mixed]);
  const tensor = graph.node('Transpose', `${layer}_context_q`, [q.tensor], { perm: [0, 2, 1, 3] });
  to.putWhole(op.output, { ...q, tensor }, 'rows', [positions, heads, features / heads]);
};

/** Softmax of scores [N, heads, positions, positions] in steps of 2^-shareBits. */
function shares(graph: Graph, op: AttentionOp, scores: Whole): Whole {
  const { layer, positions, exponentials } = op;
  const seen = op.causal ? plus(graph, `${layer}_seen`, scores, unseen(graph, op, scores)) : scores;
  // Of a row, as ReduceMax would: that takes its axes in another way before opset 18 than from it on.
  const row = { kernel_shape: [1, positions] };
  const largest = { ...seen, tensor: graph.node('MaxPool', `${layer}_largest`, [seen.tensor], row) };
  const difference = minus(graph, `${layer}_differences`, largest, seen);
  const end = exponentials.length;
  const ends = [0, end].map((value, i) =>
    graph.constant(`${layer}_${i ? 'reach' : 'zero'}`, difference.element as 'float32', [], [value]),
  );
  const within = graph.node('Clip', `${layer}_within_reach`, [difference.tensor, ...ends]);
  const index = { ...difference, tensor: within, largest: end };
  const e = entryOf(graph, `${layer}_exponentials`, [...exponentials, 0], index);
  const total = summed(graph, `${layer}_total`, e, positions);
  const unit = constant(graph, `${layer}_unit`, [], [2 ** shareBits]);
  return quotient(graph, `${layer}_share`, times(graph, `${layer}_scaled`, e, unit), total, 2 ** shareBits);
}

/** Added to scores: nothing for keys up to the query's own, so much less for others that their exponential is 0. */
function unseen(graph: Graph, { layer, positions, exponentials }: AttentionOp, scores: Whole): Whole {
  const far = 2 * scores.largest + exponentials.length;
  const values = Array.from({ length: positions ** 2 }, (_, at) =>
    at % positions > Math.floor(at / positions) ? -far : 0,
  );
  return constant(graph, `${layer}_unseen`, [positions, positions], values);
}
