/** How kernels are cut that treat values or rows one by one, some of which also add them up or take their range. */
import { type ActivationName, activationNamed, activations } from '../epilogue/activations';
import {
  blockRows,
  byRows,
  byValues,
  cut,
  line,
  product,
  type Range,
  type Rule,
  ranges,
  replaced,
} from './pieces';

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

export const valueRules: readonly [string, Rule][] = [
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
];
