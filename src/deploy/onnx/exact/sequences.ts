/** Embeddings of symbols and of positions as whole numbers. */
import type { Translation, Translator } from '../translation';
import { cast, rescaled, type Whole } from '../whole';

/** The integers of a weight tensor as it is. */
function whole(to: Translation, index: number): Whole {
  const { shape } = to.program.weights[index]!;
  return to.wholeWeights(
    index,
    shape,
    shape.map((_, axis) => axis),
  );
}

export const embedding: Translator<'embedding'> = (to, op) => {
  const { graph } = to;
  const { layer } = op;
  const { shape } = to.value(op.output);
  const table = whole(to, op.weights);
  const symbols = cast(graph, `${layer}_symbols`, to.wholeRows(op.input, to.value(op.input).shape), 'int32');
  const rows = { ...table, tensor: graph.node('Gather', `${layer}_rows`, [table.tensor, symbols]) };
  const q = rescaled(graph, `${layer}_to_grid`, op.rescale, [rows, whole(to, op.positions)]);
  to.putWhole(op.output, q, 'rows', shape);
};

export const positions: Translator<'positions'> = (to, op) => {
  const { shape } = to.value(op.output);
  const operands = [to.wholeRows(op.input, shape), whole(to, op.weights)];
  to.putWhole(op.output, rescaled(to.graph, `${op.layer}_to_grid`, op.rescale, operands), 'rows', shape);
};
