/** Layer norm as whole numbers. See ../../ops/layerNorm.ts for what it computes. */
import { normalBits } from '@/kernels/integerLayerNorm/constants';
import type { Graph } from '../graph';
import { elements } from '../model';
import type { Translator } from '../translation';
import {
  cast,
  constant,
  entryOf,
  minus,
  plus,
  quotient,
  rescaled,
  summed,
  times,
  type Whole,
} from '../whole';

/** How often a spread of 1 is taken fourfold until it reaches 2^30. */
const mostTimes = 15;

export const layerNorm: Translator<'layerNorm'> = (to, op) => {
  const { graph } = to;
  const { layer, features, gamma, beta } = op;
  const { shape } = to.value(op.output);
  const x = to.wholeRows(op.input, shape);
  const one = (stem: string, value: number) => constant(graph, `${layer}_${stem}`, [], [value]);
  const count = one('features', features);
  const sum = summed(graph, `${layer}_sum`, x, features);
  const squares = summed(graph, `${layer}_squares`, times(graph, `${layer}_square`, x, x), features);
  const scaled = times(graph, `${layer}_scaled_squares`, squares, count);
  const variance = minus(graph, `${layer}_variance`, scaled, times(graph, `${layer}_sum_square`, sum, sum));
  const spread = plus(graph, `${layer}_spread`, variance, one('epsilon', op.epsilon));
  const { root, power } = rootOf(graph, layer, spread);

  const centred = minus(graph, `${layer}_centred`, times(graph, `${layer}_scaled_x`, x, count), sum);
  const size = { ...centred, tensor: graph.node('Abs', `${layer}_size`, [centred.tensor]) };
  const sign: Whole = {
    ...centred,
    tensor: graph.node('Sign', `${layer}_sign`, [centred.tensor]),
    largest: 1,
  };
  const most = Math.ceil(Math.sqrt(features) * 2 ** normalBits) + 1;
  const moved = times(graph, `${layer}_size_moved`, size, power);
  const steps = times(
    graph,
    `${layer}_normalized`,
    quotient(graph, `${layer}_steps`, moved, root, most),
    sign,
  );
  const stretched = times(
    graph,
    `${layer}_stretched`,
    steps,
    constant(graph, `${layer}_gamma`, [features], gamma),
  );
  const shifted = plus(
    graph,
    `${layer}_shifted`,
    stretched,
    constant(graph, `${layer}_beta`, [features], beta),
  );
  to.putWhole(op.output, rescaled(graph, `${layer}_to_grid`, op.rescale, [shifted]), 'rows', shape);
};

/** The integer part of the root of a spread taken fourfold until it reaches 2^30, and 2^normalBits taken twofold as often. */
function rootOf(graph: Graph, layer: string, spread: Whole): { root: Whole; power: Whole } {
  const positive = graph.node('Max', `${layer}_positive_spread`, [
    cast(graph, `${layer}_spread`, spread, 'float64'),
    graph.constant(`${layer}_least_spread`, 'float64', [], [1]),
  ]);
  // As often as there are powers of 4 above it.
  const powers = Array.from({ length: mostTimes }, (_, j) => 2 ** (30 - 2 * j));
  const below = graph.node('Less', `${layer}_below`, [
    positive,
    graph.constant(`${layer}_powers`, 'float64', [mostTimes], powers),
  ]);
  const counted: Whole = {
    tensor: graph.node('Cast', `${layer}_counted`, [below], { to: elements.float32 }),
    element: 'float32',
    largest: 1,
  };
  const often = summed(graph, `${layer}_times`, counted, mostTimes);
  const found = (stem: string, base: number, first: number) =>
    entryOf(
      graph,
      `${layer}_${stem}`,
      Array.from({ length: mostTimes + 1 }, (_, j) => first * base ** j),
      often,
    );
  const grown = graph.node('Mul', `${layer}_grown`, [
    positive,
    cast(graph, `${layer}_fourfold`, found('fourfold', 4, 1), 'float64'),
  ]);
  const root = graph.node('Floor', `${layer}_root`, [graph.node('Sqrt', `${layer}_sqrt`, [grown])]);
  return {
    root: { tensor: root, element: 'float64', largest: 2 ** 16 },
    power: found('twofold', 2, 2 ** normalBits),
  };
}
