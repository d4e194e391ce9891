import { beforeAll, describe, expect, test } from 'vitest';
import { activationNamed, activations } from '../epilogue/activations';
import { randomStream } from '../testing/arrays';
import { startBackend } from '../testing/node';
import { currentKernels, currentWasmBackend, emscripten } from '../wasm';
import { type Piece, splitAnyway, splitLaunch, splitNames } from '.';

beforeAll(() => startBackend('wasm'));

/** Gives room for floats, filled with numbers in [low, high). */
type Room = (count: number, low?: number, high?: number) => number;
type Numbers = (...values: number[]) => number;

/** Quantization settings [4] and parameters [4, channels]: qmin, qmax, mode, per channel; scales, inverses, zero points, flags. */
const modes = [0, 1, 2] as const;
const settingsOf = (write: Numbers, mode: number) => write(-7, 7, mode, 1);
const paramsOf = (write: Numbers, channels: number) =>
  write(
    ...Array.from({ length: channels }, (_, c) => 0.1 + c / 100),
    ...Array.from({ length: channels }, (_, c) => 1 / (0.1 + c / 100)),
    ...Array.from({ length: channels }, (_, c) => (c % 3) - 1),
    ...Array.from({ length: channels }, () => 1),
  );

interface Maker {
  room: Room;
  write: Numbers;
  /** A workspace: what is left there does not count. */
  work: number;
}
/** The arguments of launches of one kernel, in several shapes. */
type Cases = (make: Maker) => number[][];

const images = (window: number, stride: number, pad: number) =>
  [1, 3, 5].flatMap((batch) =>
    [1, 3, 8].map((channels) => {
      const [height, width] = [7, 6];
      const out = (size: number) => Math.floor((size + 2 * pad - window) / stride) + 1;
      return {
        batch,
        channels,
        height,
        width,
        outHeight: out(height),
        outWidth: out(width),
        window,
        stride,
        pad,
      };
    }),
  );
type Image = ReturnType<typeof images>[number];
const inputOf = (i: Image) => i.batch * i.height * i.width * i.channels;
const outputOf = (i: Image) => i.batch * i.outHeight * i.outWidth * i.channels;
const sizesOf = (i: Image) => [
  ...[i.batch, i.height, i.width, i.channels, i.outHeight, i.outWidth],
  ...[i.window, i.window, i.stride, i.stride, i.pad, i.pad],
];
const pooled = [...images(2, 2, 0), ...images(3, 2, 1)];

/** Convolutions without padding: x, filter, y, then sizes. */
const convolutions = (stride: number) =>
  [1, 4].flatMap((batch) =>
    [
      [1, 5],
      [3, 16],
      [8, 17],
    ].map(([inputs = 0, outputs = 0]) => {
      const [height, width, kernel] = [7, 9, 3];
      const outHeight = Math.floor((height - kernel) / stride) + 1;
      const outWidth = Math.floor((width - kernel) / stride) + 1;
      return { batch, inputs, outputs, height, width, kernel, outHeight, outWidth };
    }),
  );

const rowsAndChannels = [
  [1, 1],
  [3, 5],
  [300, 7],
  [513, 16],
  [1100, 20],
] as const;

const epilogueCases = Object.fromEntries(
  Object.keys(activations).flatMap((name): [string, Cases][] => {
    const { forward, gradient } = activationNamed(name as keyof typeof activations).wasm;
    const values = ({ room, write, work }: Maker, rows: number, channels: number) => {
      const y = room(rows * channels);
      return {
        forward: [
          room(rows * channels),
          paramsOf(write, 1),
          paramsOf(write, channels),
          room(channels),
          y,
          work,
          rows,
          channels,
        ],
        gradient: [
          ...[room(rows * channels), y, paramsOf(write, 1), paramsOf(write, channels), room(channels)],
          ...[room(rows * channels), room(channels), work, rows, channels],
        ],
        y,
      };
    };
    const all =
      (of: (make: Maker, rows: number, channels: number) => number[][]): Cases =>
      (make) =>
        rowsAndChannels.flatMap(([rows, channels]) => of(make, rows, channels));
    return [
      [forward, all((make, rows, channels) => [values(make, rows, channels).forward])],
      [
        `${forward}Observed`,
        all((make, rows, channels) =>
          [0, 1].map((seen) => [...values(make, rows, channels).forward, make.write(-0.5, 0.5, seen, 0.1)]),
        ),
      ],
      [gradient, all((make, rows, channels) => [values(make, rows, channels).gradient])],
      [
        `${gradient}Rounded`,
        all((make, rows, channels) =>
          modes.map((mode) => {
            const { gradient: list, y } = values(make, rows, channels);
            return [...list, y, paramsOf(make.write, 1), settingsOf(make.write, mode)];
          }),
        ),
      ],
    ];
  }),
);

const cell =
  (lengths: readonly number[]): Cases =>
  ({ room }) =>
    [
      [1, 1],
      [7, 5],
      [64, 16],
    ].map(([rows = 0, hidden = 0]) => [...lengths.map((times) => room(times * rows * hidden)), rows, hidden]);

const cases: Record<string, Cases> = {
  ...epilogueCases,
  matmul: ({ room, work }) =>
    [
      [1, 1, 1, 1],
      [1, 70, 33, 5],
      [1, 37, 64, 300],
      [1, 5, 10, 64],
      [1, 130, 16, 9],
      [6, 5, 7, 3],
      [2, 4, 8, 0],
    ].flatMap(([batch = 0, M = 0, N = 0, K = 0]) =>
      [0, 1].flatMap((tA) =>
        [0, 1].map((tB) => {
          const steps = batch > 1 ? [M * K, K * N] : [0, 0];
          return [
            room(batch * M * K),
            room(batch * K * N),
            room(batch * M * N),
            batch,
            ...steps,
            M,
            N,
            K,
            tA,
            tB,
            work,
          ];
        }),
      ),
    ),
  conv2d: ({ room, work }) =>
    [1, 2].flatMap((stride) =>
      convolutions(stride).map((c) => [
        room(c.batch * c.height * c.width * c.inputs),
        room(c.kernel ** 2 * c.inputs * c.outputs),
        room(c.batch * c.outHeight * c.outWidth * c.outputs),
        ...[c.batch, c.height, c.width, c.inputs, c.kernel, c.kernel, c.outputs, c.outHeight, c.outWidth],
        ...[stride, stride, work],
      ]),
    ),
  conv2dFilterGradient: ({ room, work }) =>
    [1, 2].flatMap((stride) =>
      convolutions(stride).map((c) => [
        room(c.batch * c.height * c.width * c.inputs),
        room(c.batch * c.outHeight * c.outWidth * c.outputs),
        room(c.kernel ** 2 * c.inputs * c.outputs),
        ...[c.batch, c.height, c.width, c.inputs, c.kernel, c.kernel, c.outputs, c.outHeight, c.outWidth],
        ...[stride, stride, work],
      ]),
    ),
  conv2dInputGradient: ({ room, work }) =>
    convolutions(1).map((c) => [
      room(c.batch * c.height * c.width * c.outputs),
      room(c.kernel ** 2 * c.inputs * c.outputs),
      room(c.batch * c.outHeight * c.outWidth * c.inputs),
      ...[c.batch, c.height, c.width, c.inputs, c.kernel, c.kernel, c.outputs, c.outHeight, c.outWidth, work],
    ]),
  conv2dStridedInputGradient: ({ room, work }) =>
    convolutions(1).map((c) => {
      // dy [5, 6] between a row and a column of zeros before it and after it; dx [9, 11] of stride 2.
      const [height, width, outHeight, outWidth] = [7, 8, 9, 11];
      return [
        room(c.batch * height * width * c.outputs),
        room(c.kernel ** 2 * c.inputs * c.outputs),
        room(c.batch * outHeight * outWidth * c.inputs),
        ...[c.batch, height, width, c.inputs, c.kernel, c.kernel, c.outputs, outHeight, outWidth],
        ...[2, 2, 1, 1, 1, 1, work],
      ];
    }),
  pad: ({ room }) =>
    [1, 5].map((batch) => [room(batch * 60), room(batch * 7 * 8 * 3), batch, 4, 5, 3, 7, 8, 1, 2]),
  maxPool: ({ room }) => pooled.map((i) => [room(inputOf(i)), room(outputOf(i)), ...sizesOf(i)]),
  maxPoolGradient: ({ room }) =>
    pooled.map((i) => [room(inputOf(i)), room(outputOf(i)), room(inputOf(i)), ...sizesOf(i)]),
  averagePool: ({ room }) => pooled.map((i) => [room(inputOf(i)), room(outputOf(i)), ...sizesOf(i)]),
  averagePoolGradient: ({ room }) => pooled.map((i) => [room(outputOf(i)), room(inputOf(i)), ...sizesOf(i)]),
  depthwise: ({ room }) =>
    pooled.map((i) => [room(inputOf(i)), room(i.window ** 2 * i.channels), room(outputOf(i)), ...sizesOf(i)]),
  depthwiseInputGradient: ({ room }) =>
    pooled.map((i) => [room(outputOf(i)), room(i.window ** 2 * i.channels), room(inputOf(i)), ...sizesOf(i)]),
  depthwiseFilterGradient: ({ room }) =>
    pooled.map((i) => [room(inputOf(i)), room(outputOf(i)), room(i.window ** 2 * i.channels), ...sizesOf(i)]),
  adamStep: ({ room, write }) =>
    [1, 15, 16, 100].map((n) => [
      ...[room(n), room(n), room(n), room(n, 0, 1), write(0.01, 0.9, 0.999, 1e-7, 0.81, 0.998), n],
    ]),
  adamStepRounded: ({ room, write }) =>
    modes.flatMap((mode) =>
      rowsAndChannels.map(([rows, channels]) => [
        ...[room(rows * channels), room(rows * channels), room(rows * channels), room(rows * channels, 0, 1)],
        ...[write(0.01, 0.9, 0.999, 1e-7, 0.81, 0.998), paramsOf(write, channels), settingsOf(write, mode)],
        ...[rows, channels],
      ]),
    ),
  sgdStep: ({ room, write }) => [1, 33, 100].map((n) => [room(n), room(n), room(n), write(0.01, 0.9), n]),
  quantize: ({ room, write }) =>
    modes.flatMap((mode) =>
      [1, 5, 16].map((channels) => [
        ...[room(35 * channels), paramsOf(write, channels), settingsOf(write, mode), room(35 * channels)],
        ...[35 * channels, channels],
      ]),
    ),
  quantizeGradient: ({ room, write }) =>
    modes.flatMap((mode) =>
      [1, 5, 16].map((channels) => [
        ...[room(35 * channels), room(35 * channels), paramsOf(write, channels), settingsOf(write, mode)],
        ...[room(35 * channels), 35 * channels, channels],
      ]),
    ),
  ...Object.fromEntries(
    ['addValues', 'multiplyValues'].map((name): [string, Cases] => [
      name,
      ({ room }) =>
        [
          [7, 5, 0],
          [1, 50, 0],
          [35, 1, 1],
          [1, 1, 1],
        ].map(([rows = 0, length = 0, single = 0]) => [
          ...[room(rows * length), room(length), room(rows * length), rows, length, single],
        ]),
    ]),
  ),
  observeMinMax: ({ room, write }) =>
    [1, 31, 100].flatMap((n) => [0, 1].map((seen) => [room(n), write(-0.5, 0.5, seen, 0.1), n])),
  layerNorm: ({ room }) =>
    rowsAndChannels.map(([rows, depth]) => [
      ...[room(rows * depth), room(depth), room(depth), room(rows * depth), rows, depth],
    ]),
  layerNormGradient: ({ room, work }) =>
    rowsAndChannels.map(([rows, depth]) => [
      ...[room(rows * depth), room(rows * depth), room(depth), room(rows * depth), room(depth), room(depth)],
      ...[work, rows, depth],
    ]),
  attentionSoftmax: ({ room, write }) =>
    [0, 1].flatMap((causal) =>
      [1, 5].map((matrices) => [
        room(matrices * 42),
        write(0.3),
        room(matrices * 42),
        matrices,
        6,
        7,
        causal,
      ]),
    ),
  attentionSoftmaxGradient: ({ room, write }) =>
    [1, 30].map((rows) => [room(rows * 7), room(rows * 7, 0, 1), write(0.3), room(rows * 7), rows, 7]),
  swapAxes: ({ room }) => [1, 5].map((outer) => [room(outer * 24), room(outer * 24), outer, 2, 4, 12]),
  copyBlocks: ({ room }) => [1, 5].map((count) => [room(count * 8), room(count * 8), count, 12, 16, 20]),
  gruGates: cell([3, 3, 3]),
  gruGatesGradient: cell([3, 3, 3, 3, 3]),
  gruState: cell([3, 1, 1]),
  gruStateGradient: cell([1, 3, 1, 3, 1]),
  lstmGates: cell([4, 4, 4]),
  lstmGatesGradient: cell([4, 4, 4]),
  lstmState: cell([4, 1, 1]),
  lstmStateGradient: cell([1, 4, 1, 4, 1]),
  lstmHidden: cell([4, 1, 1]),
  lstmHiddenGradient: cell([1, 4, 1, 4, 1]),
};

test('every kernel that can be cut is tested here', () => {
  expect(Object.keys(cases).toSorted()).toEqual(splitNames.toSorted());
});

describe.each(Object.keys(cases))('%s', (name) => {
  test.each([2, 3, 4])('in %i pieces leaves the same bits', (parts) => {
    const { malloc, free, heap } = memory();
    const bytes = 1 << 22;
    const [arena, own, other, partial] = [malloc(bytes), malloc(1 << 20), malloc(1 << 20), malloc(1 << 20)];
    const next = randomStream(parts);
    let top = arena;
    const write: Numbers = (...values) => {
      const at = top;
      new Float32Array(heap().buffer, at, values.length).set(values);
      top += 4 * values.length + 16 - ((4 * values.length) % 16);
      return at;
    };
    const room: Room = (count, low = -1, high = 1) =>
      write(...Array.from({ length: count }, () => low + (high - low) * next()));
    const kernels = currentKernels();
    const run = ({ name: kernel, values }: Piece) => kernels.get(kernel)!(...values);
    let cut = 0;
    try {
      for (const values of cases[name]!({ room, write, work: own })) {
        // What a kernel leaves as it is must be left by its pieces too.
        const before = heap().slice(arena, top);
        kernels.get(name)!(...values);
        const whole = heap().slice(arena, top);
        heap().set(before, arena);
        let partials = partial;
        const split = splitAnyway(name, values, parts, (size) => {
          const at = partials;
          partials += 16 * Math.ceil(size / 16);
          return at;
        });
        if (!split) continue;
        cut++;
        expect(split.pieces.length).toBeLessThanOrEqual(parts);
        heap().fill(255, partial, partial + (1 << 20));
        // In the opposite order, every other one with a workspace of another thread.
        split.pieces.toReversed().forEach((piece, i) => {
          heap().fill(255, other, other + (1 << 16));
          const { workspace } = piece;
          run(
            i % 2 === 1 || workspace === undefined
              ? piece
              : { ...piece, values: piece.values.with(workspace, other) },
          );
        });
        for (const piece of split.after) run(piece);
        const pieces = heap().slice(arena, top);
        if (Buffer.compare(pieces, whole) === 0) continue;
        const at = pieces.findIndex((byte, i) => byte !== whole[i]);
        expect(at, `launch with ${values.slice(-9)}: byte ${at}`).toBe(-1);
      }
      expect(cut).toBeGreaterThan(0);
    } finally {
      for (const each of [arena, own, other, partial]) free(each);
    }
  });
});

function memory() {
  const module = emscripten(currentWasmBackend()!);
  return { malloc: module._malloc, free: module._free, heap: () => module.HEAPU8 };
}

test('a launch that takes less than others take to wake up stays whole', () => {
  const none = () => 0;
  const product = (M: number) => [0, 1 << 20, 2 << 20, 1, 0, 0, M, 64, 64, 0, 0, 3 << 20];
  expect(splitLaunch('matmul', product(8), 4, none)).toBeUndefined();
  expect(splitLaunch('matmul', product(1024), 4, none)?.pieces).toHaveLength(4);
  // Fewer pieces than threads where they would be too small.
  expect(splitLaunch('matmul', product(72), 4, none)?.pieces).toHaveLength(2);
  expect(splitLaunch('adamTick', [0], 4, none)).toBeUndefined();
});
