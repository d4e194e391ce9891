/**
 * Launches of a recorded step cut into pieces that threads may run at the same time: the same kernels over fewer rows,
 * columns, images or values. A sum is never cut, and where a kernel adds up blocks of rows, its pieces leave one sum for each
 * block, which are then added in the same order. So the numbers are the same to the last bit whoever runs which piece.
 */
import { type ActivationName, activationNamed, activations } from './epilogue/activations';
import { workBytes } from './matmul/wasm';

/** One launch of a piece. */
export interface Piece {
  /** A kernel of ours. */
  name: string;
  values: number[];
  /** Which argument is a workspace: each thread has its own. */
  workspace?: number;
}

export interface Split {
  /** In any order, at the same time. */
  pieces: Piece[];
  /** Bytes of the workspace of one piece at most. */
  workspaceBytes: number;
  /** What is left to do once all pieces are done. */
  after: Piece[];
}

/** Gives so many bytes of memory, 16-aligned, that nothing else uses between the pieces and what comes after. */
export type Partials = (bytes: number) => number;

interface Rule {
  /** ns that the launch takes, about; some tenths off does no harm. */
  cost(values: readonly number[]): number;
  /** @returns undefined where there are too few rows, or whatever else it is cut by */
  split(values: readonly number[], parts: number, partials: Partials): Split | undefined;
}

/** A launch that takes less, in ns, is not worth waking another thread. */
const worthSplitting = 16_000;
/** The least piece, in ns. */
const leastPiece = 8_000;
/** Rows over which the kernels add up before they add to a total: BLOCK in assembly/. */
const blockRows = 256;
/** Floats in a line of the cache: two threads that write to one wait for each other. */
const line = 16;

type Range = readonly [from: number, to: number];

/** Ranges of almost equal length that begin at multiples of `unit`, as many as there are units or fewer. */
function ranges(length: number, parts: number, unit = 1): Range[] {
  const units = Math.ceil(length / unit);
  const count = Math.min(parts, units);
  const at = (i: number) => Math.min(length, unit * Math.round((i * units) / count));
  return Array.from({ length: count }, (_, i) => [at(i), at(i + 1)]);
}

const cut = (pieces: Piece[], workspaceBytes = 0, after: Piece[] = []): Split | undefined =>
  pieces.length > 1 ? { pieces, workspaceBytes, after } : undefined;

/** The arguments with some replaced. */
function replaced(values: readonly number[], changes: Readonly<Record<number, number>>): number[] {
  const copy = [...values];
  for (const [index, value] of Object.entries(changes)) copy[Number(index)] = value;
  return copy;
}

interface Rows {
  /** Which argument says how many rows there are. */
  count: number;
  /** Addresses that move on, and bytes that they move by from row to row. */
  steps(values: readonly number[]): Record<number, number>;
  cost(values: readonly number[]): number;
  /** Rows that one begins at a multiple of. */
  unit?: number;
  workspace?: { argument: number; bytes(values: readonly number[]): number };
}

/** A kernel that treats each row by itself: its pieces are the same kernel on fewer rows. */
const byRows = (name: string, { count, steps, cost, unit = 1, workspace }: Rows): Rule => ({
  cost,
  split: (values, parts) =>
    cut(
      ranges(values[count]!, parts, unit).map(([from, to]) => ({
        name,
        values: replaced(values, {
          ...Object.fromEntries(
            Object.entries(steps(values)).map(([i, step]) => [i, values[Number(i)]! + from * step]),
          ),
          [count]: to - from,
        }),
        ...(workspace && { workspace: workspace.argument }),
      })),
      workspace?.bytes(values),
    ),
});

/** A kernel that treats each value by itself, `n` of them, at these addresses. */
const byValues = (name: string, count: number, addresses: readonly number[], nsEach: number): Rule =>
  byRows(name, {
    count,
    steps: () => Object.fromEntries(addresses.map((i) => [i, 4])),
    cost: (values) => nsEach * values[count]!,
    unit: line,
  });

const product = (values: readonly number[], ...indices: number[]) =>
  indices.reduce((all, i) => all * values[i]!, 1);
const roundUp = (channels: number) => 8 * Math.ceil(channels / 8);
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

const quantized = (name: string, tensors: readonly number[], size: number, ns: number): Rule => ({
  cost: (v) => ns * v[size]!,
  split: (values, parts) => {
    const channels = values[size + 1]!;
    // Whole rows of channels; where one pair of parameters serves all, lines of the cache.
    const unit = channels === 1 ? line : channels;
    return cut(
      ranges(values[size]!, parts, unit).map(([from, to]) => ({
        name,
        values: replaced(values, {
          ...Object.fromEntries(tensors.map((i) => [i, values[i]! + 4 * from])),
          [size]: to - from,
        }),
      })),
    );
  },
});

const combined = (name: string): Rule => ({
  cost: (v) => 0.3 * product(v, 3, 4),
  split: (values, parts) => {
    const [a = 0, b = 0, y = 0, rows = 0, length = 0, single = 0] = values;
    const at = ([from, to]: Range, each: number): number[] => [
      a + each * from,
      b,
      y + each * from,
      to - from,
    ];
    if (rows > 1)
      return cut(
        ranges(rows, parts, single ? line : 1).map((range) => ({
          name,
          values: [...at(range, 4 * length), length, single],
        })),
      );
    return cut(
      ranges(length, parts, line).map(([from, to]) => ({
        name,
        values: [a + 4 * from, b + 4 * from, y + 4 * from, 1, to - from, 0],
      })),
    );
  },
});

/** The range of all values, from those of the pieces. */
const observe: Rule = {
  cost: (v) => 0.25 * v[2]!,
  split(values, parts, partials) {
    const [x = 0, state = 0, n = 0] = values;
    const pieces = ranges(n, parts, line);
    const to = partials(48 * pieces.length);
    return cut(
      pieces.map(([from, end], i) => ({
        name: 'observeMinMax',
        values: [x + 4 * from, state, end - from, to + 48 * i],
      })),
      0,
      [{ name: 'followRanges', values: [to, pieces.length, state] }],
    );
  },
};

/** Rows that are also added up, in blocks: each block's sums are left by themselves and added up afterwards. */
const withSums = (
  name: string,
  at: { rows: number; tensors: readonly number[]; sums: readonly number[]; workspace: number; step: number },
  ns: number,
): Rule => ({
  cost: (v) => ns * product(v, at.rows, at.rows + 1),
  split(values, parts, partials) {
    const [rows, channels] = [values[at.rows]!, values[at.rows + 1]!];
    const rowBytes = 4 * channels;
    const blocks = Math.ceil(rows / blockRows);
    const pieces = ranges(rows, parts, blockRows);
    if (pieces.length < 2) return undefined;
    const to = at.sums.map(() => partials(rowBytes * blocks));
    return cut(
      pieces.map(([from, end]) => ({
        name,
        values: replaced(values, {
          ...Object.fromEntries(at.tensors.map((i) => [i, values[i]! + rowBytes * from])),
          ...Object.fromEntries(at.sums.map((i, k) => [i, to[k]! + (rowBytes * from) / blockRows])),
          [at.rows]: end - from,
          [at.step]: rowBytes,
        }),
        workspace: at.workspace,
      })),
      12 * channels,
      at.sums.map((i, k) => ({ name: 'addRows', values: [to[k]!, values[i]!, blocks, channels] })),
    );
  },
});

const rowsOfScratch = { argument: 5, bytes: (v: readonly number[]) => 12 * v[7]! };

/** The epilogues of one activation function. */
function epilogues(activation: ActivationName): [string, Rule][] {
  const { forward, gradient } = activationNamed(activation).wasm;
  const curved = forward !== 'epilogueLinear' && forward !== 'epilogueRelu';
  const [ns, nsGradient] = curved ? [1.5, 2.5] : [0.4, 0.7];
  const step = (v: readonly number[]) => ({ 0: 4 * v[7]!, 4: 4 * v[7]! });
  const rows = byRows(forward, {
    count: 6,
    steps: step,
    cost: (v) => ns * product(v, 6, 7),
    workspace: rowsOfScratch,
  });
  const observed = `${forward}Observed`;
  const observedRows = byRows(observed, { count: 6, steps: step, cost: rows.cost, workspace: rowsOfScratch });
  return [
    [forward, rows],
    [
      observed,
      {
        cost: rows.cost,
        split(values, parts, partials) {
          const split = observedRows.split(values, parts, partials);
          if (!split) return undefined;
          const to = partials(48 * split.pieces.length);
          split.pieces.forEach((piece, i) => {
            piece.values[9] = to + 48 * i;
          });
          const state = values[8]!;
          return { ...split, after: [{ name: 'followRanges', values: [to, split.pieces.length, state] }] };
        },
      },
    ],
    [
      gradient,
      withSums(gradient, { rows: 8, tensors: [0, 1, 5], sums: [6], workspace: 7, step: 10 }, nsGradient),
    ],
    [
      `${gradient}Rounded`,
      withSums(
        `${gradient}Rounded`,
        { rows: 8, tensors: [0, 1, 5, 10], sums: [6], workspace: 7, step: 13 },
        nsGradient + 0.5,
      ),
    ],
  ];
}

/** Rows of hidden values: addresses, each with how many times as long its rows are, then rows and hidden. */
const cells = (name: string, lengths: readonly number[], ns: number): [string, Rule] => [
  name,
  byRows(name, {
    count: lengths.length,
    steps: (v) => Object.fromEntries(lengths.map((times, i) => [i, 4 * times * v[lengths.length + 1]!])),
    cost: (v) => ns * product(v, lengths.length, lengths.length + 1),
  }),
];

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
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
  ['adamStep', byValues('adamStep', 5, [0, 1, 2, 3], 0.65)],
  [
    'adamStepRounded',
    byRows('adamStepRounded', {
      count: 7,
      steps: (v) => ({ 0: 4 * v[8]!, 1: 4 * v[8]!, 2: 4 * v[8]!, 3: 4 * v[8]! }),
      cost: (v) => 0.75 * product(v, 7, 8),
    }),
  ],
  ['sgdStep', byValues('sgdStep', 4, [0, 1, 2], 0.4)],
  ['quantize', quantized('quantize', [0, 3], 4, 0.25)],
  ['quantizeGradient', quantized('quantizeGradient', [0, 1, 4], 5, 0.35)],
  ['addValues', combined('addValues')],
  ['multiplyValues', combined('multiplyValues')],
  ['observeMinMax', observe],
  ...(Object.keys(activations) as ActivationName[]).flatMap(epilogues),
  [
    'layerNorm',
    byRows('layerNorm', {
      count: 4,
      steps: (v) => ({ 0: 4 * v[5]!, 3: 4 * v[5]! }),
      cost: (v) => product(v, 4, 5),
    }),
  ],
  [
    'layerNormGradient',
    withSums('layerNormGradient', { rows: 7, tensors: [0, 1, 3], sums: [4, 5], workspace: 6, step: 9 }, 1.5),
  ],
  [
    'attentionSoftmax',
    byRows('attentionSoftmax', {
      count: 3,
      steps: (v) => ({ 0: 4 * product(v, 4, 5), 2: 4 * product(v, 4, 5) }),
      cost: (v) => 1.5 * product(v, 3, 4, 5),
    }),
  ],
  [
    'attentionSoftmaxGradient',
    byRows('attentionSoftmaxGradient', {
      count: 4,
      steps: (v) => ({ 0: 4 * v[5]!, 1: 4 * v[5]!, 3: 4 * v[5]! }),
      cost: (v) => 0.6 * product(v, 4, 5),
    }),
  ],
  [
    'swapAxes',
    byRows('swapAxes', {
      count: 2,
      steps: (v) => ({ 0: product(v, 3, 4, 5), 1: product(v, 3, 4, 5) }),
      cost: (v) => 0.1 * product(v, 2, 3, 4, 5),
    }),
  ],
  [
    'copyBlocks',
    byRows('copyBlocks', {
      count: 2,
      steps: (v) => ({ 0: v[4]!, 1: v[5]! }),
      cost: (v) => 0.1 * product(v, 2, 3),
    }),
  ],
  cells('gruGates', [3, 3, 3], 6),
  cells('gruGatesGradient', [3, 3, 3, 3, 3], 2.5),
  cells('gruState', [3, 1, 1], 1),
  cells('gruStateGradient', [1, 3, 1, 3, 1], 2),
  cells('lstmGates', [4, 4, 4], 8),
  cells('lstmGatesGradient', [4, 4, 4], 3),
  cells('lstmState', [4, 1, 1], 1),
  cells('lstmStateGradient', [1, 4, 1, 4, 1], 2),
  cells('lstmHidden', [4, 1, 1], 2),
  cells('lstmHiddenGradient', [1, 4, 1, 4, 1], 3),
]);

/**
 * @param name of a launch, and its arguments
 * @param threads that may work on it
 * @returns its pieces, at most `threads` of them, or undefined where it is better left whole
 */
export function splitLaunch(
  name: string,
  values: readonly number[],
  threads: number,
  partials: Partials,
): Split | undefined {
  const rule = rules.get(name);
  if (!rule) return undefined;
  const cost = rule.cost(values);
  if (!(cost >= worthSplitting)) return undefined;
  return rule.split(values, Math.min(threads, Math.floor(cost / leastPiece)), partials);
}

/** As above, whatever the launch costs: for tests. */
export function splitAnyway(
  name: string,
  values: readonly number[],
  parts: number,
  partials: Partials,
): Split | undefined {
  return rules.get(name)?.split(values, parts, partials);
}

/** Kernels that can be cut. */
export const splitNames: readonly string[] = [...rules.keys()];
