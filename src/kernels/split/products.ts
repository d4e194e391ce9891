/** How matrix products, convolutions and pooling are cut: by matrices, rows, columns, images or channels. */
import { workBytes } from '../matmul/wasm';
import {
  blockRows,
  byRows,
  cut,
  line,
  type Piece,
  product,
  type Range,
  type Rule,
  ranges,
  roundUp,
} from './pieces';

/** ns of a multiplication and addition in the tile. */
const nsMultiply = 0.07;

const matmul: Rule = {
  cost: (v) => nsMultiply * product(v, 3, 6, 7, 8),
  split(values, parts) {
    const [
      a = 0,
      b = 0,
      c = 0,
      batch = 0,
      aBatch = 0,
      bBatch = 0,
      M = 0,
      N = 0,
      K = 0,
      tA = 0,
      tB = 0,
      work = 0,
    ] = values;
    const bytes = workBytes(N, K);
    if (batch > 1)
      return cut(
        ranges(batch, parts).map(([from, to]) => ({
          name: 'matmul',
          values: [
            a + 4 * aBatch * from,
            b + 4 * bBatch * from,
            c + 4 * M * N * from,
            to - from,
            aBatch,
            bBatch,
            M,
            N,
            K,
            tA,
            tB,
            work,
          ],
          workspace: 11,
        })),
        bytes,
      );
    if (K === 0) return undefined;
    const piece = (rows: Range, columns: Range): Piece => ({
      name: 'matmulBlock',
      values: [a, b, c, M, N, K, tA, tB, ...rows, ...columns, work],
      workspace: 12,
    });
    const byRow = ranges(M, parts, 4).map((rows) => piece(rows, [0, N]));
    const byColumn = ranges(N, parts, N >= 2 * line * parts ? line : 8).map((columns) =>
      piece([0, M], columns),
    );
    // What every piece copies anew, of the matrix that is not cut.
    const unpacked = tB === 0 && N % 8 === 0 && N <= 32;
    const rowsBetter = (unpacked ? 0 : N) <= (tA === 0 ? 0 : M);
    const [first, second] = rowsBetter ? [byRow, byColumn] : [byColumn, byRow];
    return cut(first.length >= second.length ? first : second, bytes);
  },
};

const filterGradient: Rule = {
  cost: (v) => nsMultiply * product(v, 3, 6, 7, 8, 9, 10, 11),
  split(values, parts) {
    const shared = values.slice(0, 14);
    const [, , , , , , inChannels = 0, kernelHeight = 0, kernelWidth = 0, outChannels = 0, , outWidth = 0] =
      values;
    const taps = kernelHeight * kernelWidth * inChannels;
    const piece = (rows: Range, channels: Range): Piece => ({
      name: 'conv2dFilterGradientBlock',
      values: [...shared, ...rows, ...channels, values[14]!],
      workspace: 18,
    });
    const byChannel = ranges(outChannels, parts, 8).map((channels) => piece([0, taps], channels));
    const byTap = ranges(taps, parts, 4).map((rows) => piece(rows, [0, outChannels]));
    return cut(
      byChannel.length >= byTap.length ? byChannel : byTap,
      4 * Math.max(blockRows, outWidth) * roundUp(outChannels),
    );
  },
};

/** Channels of pixels: the filter gradient of a depthwise convolution. */
const depthwiseFilterGradient: Rule = {
  cost: (v) => 0.3 * product(v, 3, 6, 7, 8, 9, 10),
  split: (values, parts) =>
    cut(
      ranges(values[6]!, parts, 4).map((channels) => ({
        name: 'depthwiseFilterGradientBlock',
        values: [...values, ...channels],
      })),
    ),
};

/** Values of an image of x [batch, height, width, channels], as pooling and its kin have their arguments. */
const images = (name: string, at: { batch: number; inputs: number[]; outputs: number[] }, ns: number): Rule =>
  byRows(name, {
    count: at.batch,
    steps: (v) => {
      const { batch } = at;
      const whole = 4 * product(v, batch + 1, batch + 2, batch + 3);
      const out = 4 * product(v, batch + 4, batch + 5, batch + 3);
      return Object.fromEntries([...at.inputs.map((i) => [i, whole]), ...at.outputs.map((i) => [i, out])]);
    },
    cost: (v) =>
      ns * product(v, at.batch, at.batch + 3, at.batch + 4, at.batch + 5, at.batch + 6, at.batch + 7),
  });

export const productRules: readonly [string, Rule][] = [
  ['matmul', matmul],
  [
    'conv2d',
    byRows('conv2d', {
      count: 3,
      steps: (v) => ({ 0: 4 * product(v, 4, 5, 6), 2: 4 * product(v, 10, 11, 9) }),
      cost: (v) => nsMultiply * product(v, 3, 6, 7, 8, 9, 10, 11),
      workspace: { argument: 14, bytes: (v) => 4 * product(v, 6, 7, 8) * roundUp(v[9]!) },
    }),
  ],
  [
    'conv2dInputGradient',
    byRows('conv2dInputGradient', {
      count: 3,
      steps: (v) => ({ 0: 4 * product(v, 4, 5, 9), 2: 4 * product(v, 10, 11, 6) }),
      cost: (v) => nsMultiply * product(v, 3, 6, 7, 8, 9, 10, 11),
      workspace: { argument: 12, bytes: (v) => 4 * product(v, 7, 8, 9) * roundUp(v[6]!) },
    }),
  ],
  [
    'conv2dStridedInputGradient',
    byRows('conv2dStridedInputGradient', {
      count: 3,
      steps: (v) => ({ 0: 4 * product(v, 4, 5, 9), 2: 4 * product(v, 10, 11, 6) }),
      cost: (v) => nsMultiply * product(v, 3, 4, 5, 6, 7, 8, 9),
      workspace: {
        argument: 18,
        bytes: (v) => 4 * product(v, 7, 8, 9) * roundUp(v[6]!) + 4 * product(v, 3, 10, 11, 6),
      },
    }),
  ],
  ['conv2dFilterGradient', filterGradient],
  [
    'pad',
    byRows('pad', {
      count: 2,
      steps: (v) => ({ 0: 4 * product(v, 3, 4, 5), 1: 4 * product(v, 6, 7, 5) }),
      cost: (v) => 0.3 * product(v, 2, 6, 7, 5),
    }),
  ],
  ['maxPool', images('maxPool', { batch: 2, inputs: [0], outputs: [1] }, 0.3)],
  ['maxPoolGradient', images('maxPoolGradient', { batch: 3, inputs: [0, 2], outputs: [1] }, 0.5)],
  ['averagePool', images('averagePool', { batch: 2, inputs: [0], outputs: [1] }, 0.3)],
  ['averagePoolGradient', images('averagePoolGradient', { batch: 2, inputs: [1], outputs: [0] }, 0.4)],
  ['depthwise', images('depthwise', { batch: 3, inputs: [0], outputs: [2] }, 0.2)],
  ['depthwiseInputGradient', images('depthwiseInputGradient', { batch: 3, inputs: [2], outputs: [0] }, 0.3)],
  ['depthwiseFilterGradient', depthwiseFilterGradient],
];
