/**
 * Every layer kind written down from its definition, in float64 and without folding, to test the network against: one entry
 * a kind. Batch norm is a step of its own here.
 */
import type { ActivationFunction } from '@/catalog/activations';
import { type LayerKind, type LayerSpec, projectionStride, volume } from '@/catalog/layers';
import type { ResolvedLayer } from '@/experiment/network';
import { epsilon } from '@/kernels/batchNorm';

/** A batch of values, batch first. */
export interface Plain {
  shape: readonly number[];
  values: readonly number[];
}

/** What a layer computes with. */
interface Given<S> {
  spec: S;
  tensor(name: string): readonly number[];
  /** Of a layer that adds. */
  skipped?: Plain;
  outputShape: readonly number[];
  /** Batch norm by the batch's own moments. */
  batchMoments: boolean;
  /** What dropout multiplies each value by. */
  mask?: readonly number[];
}

type Reference<S> = (input: Plain, given: Given<S>) => Plain;

const activations: Record<ActivationFunction, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  linear: (x) => x,
};
const { sigmoid } = activations;

const mapped = ({ shape, values }: Plain, f: (x: number, index: number) => number): Plain => ({
  shape,
  values: values.map(f),
});
const last = ({ shape }: Plain): number => shape.at(-1)!;
const rowsOf = (input: Plain, width: number): number[][] =>
  Array.from({ length: input.values.length / width }, (_, row) =>
    input.values.slice(row * width, (row + 1) * width),
  );

/** A row [in] times weights [in, out], plus a bias. */
const affine = (row: readonly number[], weights: readonly number[], bias: readonly number[]): number[] =>
  bias.map((b, o) => row.reduce((sum, x, i) => sum + x * weights[i * bias.length + o]!, b));

/** Normalizes channels by the batch's moments or by the running ones; without batch norm adds the bias. */
function normalized(
  sums: Plain,
  { spec, tensor, batchMoments }: Given<Extract<LayerSpec, { norm: unknown }>>,
): Plain {
  const channels = last(sums);
  const bias = tensor('biases');
  const f = activations[spec.activation];
  if (spec.norm === 'none') return mapped(sums, (x, i) => f(x + bias[i % channels]!));
  const gamma = tensor('gamma');
  const running = tensor('running');
  const count = sums.values.length / channels;
  const meanOf = (values: readonly number[], c: number) =>
    values.reduce((sum, x, i) => (i % channels === c ? sum + x : sum), 0) / count;
  const moments = Array.from({ length: channels }, (_, c) => {
    if (!batchMoments) return { mean: running[c]!, variance: running[channels + c]! };
    const mean = meanOf(sums.values, c);
    return {
      mean,
      variance: meanOf(
        sums.values.map((x) => (x - mean) ** 2),
        c,
      ),
    };
  });
  return mapped(sums, (x, i) => {
    const c = i % channels;
    const { mean, variance } = moments[c]!;
    return f(((x - mean) / Math.sqrt(variance + epsilon)) * gamma[c]! + bias[c]!);
  });
}

interface Window {
  size: number;
  stride: number;
  same: boolean;
}

/** Calls `visit` with each window of an image: the indices of its pixels, -1 outside, by row and column. */
function windows(
  { shape }: Plain,
  outputShape: readonly number[],
  { size, stride, same }: Window,
  visit: (pixels: number[]) => void,
): void {
  const [batch = 1, height = 1, width = 1] = shape;
  const [rows = 1, columns = 1] = outputShape;
  const before = (length: number, out: number) =>
    same ? Math.floor(Math.max(0, (out - 1) * stride + size - length) / 2) : 0;
  const [top, left] = [before(height, rows), before(width, columns)];
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        visit(
          Array.from({ length: size * size }, (_, at) => {
            const [y, x] = [i * stride - top + Math.floor(at / size), j * stride - left + (at % size)];
            return y < 0 || y >= height || x < 0 || x >= width ? -1 : (n * height + y) * width + x;
          }),
        );
}

/** One number for each window and channel. */
function overWindows(
  input: Plain,
  outputShape: readonly number[],
  window: Window,
  combine: (pixel: (channel: number) => (number | undefined)[], output: number) => number,
): Plain {
  const [channels, outputs] = [last(input), outputShape.at(-1)!];
  const values: number[] = [];
  windows(input, outputShape, window, (pixels) => {
    const pixel = (channel: number) =>
      pixels.map((at) => (at < 0 ? undefined : input.values[at * channels + channel]));
    for (let o = 0; o < outputs; o++) values.push(combine(pixel, o));
  });
  return { shape: [input.shape[0]!, ...outputShape], values };
}

const mean = (values: readonly (number | undefined)[]): number =>
  values.reduce<number>((sum, x) => sum + x!, 0) / values.length;

/** Runs a cell over the rows of each example. @param parts how many blocks of units the products have */
const recurrent =
  (
    cell: (
      own: number[],
      state: number[],
      hidden: number[],
      memory: number[],
    ) => { hidden: number[]; memory: number[] },
  ): Reference<Extract<LayerSpec, { kind: 'gru' | 'lstm' }>> =>
  (input, { spec, tensor }) => {
    const [batch = 1, positions = 1, features = 1] = input.shape;
    const { units, returns } = spec;
    const rows = rowsOf(input, features);
    const values: number[] = [];
    for (let n = 0; n < batch; n++) {
      let state = { hidden: Array<number>(units).fill(0), memory: Array<number>(units).fill(0) };
      for (let t = 0; t < positions; t++) {
        const own = affine(rows[n * positions + t]!, tensor('weights'), tensor('biases'));
        const other = affine(state.hidden, tensor('recurrent'), tensor('recurrentBiases'));
        state = cell(own, other, state.hidden, state.memory);
        if (returns === 'sequence' || t === positions - 1) values.push(...state.hidden);
      }
    }
    return { shape: returns === 'sequence' ? [batch, positions, units] : [batch, units], values };
  };

const softmax = (scores: readonly number[]): number[] => {
  const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};

type Kind<K extends LayerKind> = Extract<LayerSpec, { kind: K }>;

const references = {
  dense: (input, given) => {
    const weights = given.tensor('weights');
    const units = given.tensor('biases').length;
    const width = weights.length / units;
    const sums = rowsOf(input, width).flatMap((row) => affine(row, weights, Array<number>(units).fill(0)));
    return normalized({ shape: [input.shape[0]!, ...given.outputShape], values: sums }, given);
  },
  conv2d: (input, given) => {
    const { kernelSize, stride, padding, filters } = given.spec;
    const weights = given.tensor('weights');
    const channels = last(input);
    const window = { size: kernelSize, stride, same: padding === 'same' };
    const sums = overWindows(input, given.outputShape, window, (pixel, o) => {
      let sum = 0;
      for (let c = 0; c < channels; c++)
        pixel(c).forEach((x = 0, at) => {
          sum += x * weights[(at * channels + c) * filters + o]!;
        });
      return sum;
    });
    return normalized(sums, given);
  },
  depthwiseConv2d: (input, given) => {
    const { kernelSize, stride, padding } = given.spec;
    const weights = given.tensor('weights');
    const channels = last(input);
    const window = { size: kernelSize, stride, same: padding === 'same' };
    const sums = overWindows(input, given.outputShape, window, (pixel, o) =>
      pixel(o).reduce<number>((sum, x = 0, at) => sum + x * weights[at * channels + o]!, 0),
    );
    return normalized(sums, given);
  },
  maxPool2d: (input, { spec: { size }, outputShape }) =>
    overWindows(input, outputShape, { size, stride: size, same: false }, (pixel, o) =>
      Math.max(...(pixel(o) as number[])),
    ),
  averagePool2d: (input, { spec: { size }, outputShape }) =>
    overWindows(input, outputShape, { size, stride: size, same: false }, (pixel, o) => mean(pixel(o))),
  globalAveragePool: (input, { outputShape }) => {
    const channels = last(input);
    const size = input.values.length / input.shape[0]!;
    const values = rowsOf(input, size).flatMap((example) =>
      Array.from({ length: channels }, (_, c) => mean(example.filter((_x, i) => i % channels === c))),
    );
    return { shape: [input.shape[0]!, ...outputShape], values };
  },
  add: (input, { spec, skipped }) =>
    mapped(input, (x, i) => activations[spec.activation](x + skipped!.values[i]!)),
  addProjected: (input, { spec, skipped, tensor }) => {
    const stride =
      input.shape.length === 4 ? projectionStride(input.shape.slice(1), skipped!.shape.slice(1)) : 1;
    const [, height = 1, width = 1] = skipped!.shape;
    const kept = rowsOf(skipped!, last(skipped!)).filter((_, row) => {
      const [y, x] = [Math.floor(row / width) % height, row % width];
      return stride === 1 || (y % stride === 0 && x % stride === 0);
    });
    const sums = kept.flatMap((row) => affine(row, tensor('weights'), tensor('biases')));
    return mapped(input, (x, i) => activations[spec.activation](x + sums[i]!));
  },
  dropout: (input, { mask }) => mapped(input, (x, i) => x * (mask?.[i] ?? 1)),
  rows: (input, { outputShape }) => ({ ...input, shape: [input.shape[0]!, ...outputShape] }),
  // PyTorch's gates: reset, update, new.
  gru: recurrent((own, other, hidden, memory) => ({
    hidden: hidden.map((h, u) => {
      const units = hidden.length;
      const [r, z] = [0, 1].map((gate) => sigmoid(own[gate * units + u]! + other[gate * units + u]!));
      const n = Math.tanh(own[2 * units + u]! + r! * other[2 * units + u]!);
      return (1 - z!) * n + z! * h;
    }),
    memory,
  })),
  // PyTorch's gates: input, forget, cell, output.
  lstm: recurrent((own, other, hidden, memory) => {
    const units = hidden.length;
    const sum = (gate: number, u: number) => own[gate * units + u]! + other[gate * units + u]!;
    const next = memory.map((c, u) => sigmoid(sum(1, u)) * c + sigmoid(sum(0, u)) * Math.tanh(sum(2, u)));
    return { memory: next, hidden: next.map((c, u) => sigmoid(sum(3, u)) * Math.tanh(c)) };
  }),
  embedding: (input, { spec: { features }, tensor }) => {
    const [table, positions] = [
      rowsOf({ shape: [], values: tensor('weights') }, features),
      tensor('positions'),
    ];
    const values = input.values.flatMap((id) => table[id]!);
    return {
      shape: [...input.shape, features],
      values: values.map((x, i) => x + positions[i % positions.length]!),
    };
  },
  positions: (input, { tensor }) => {
    const positions = tensor('positions');
    return mapped(input, (x, i) => x + positions[i % positions.length]!);
  },
  layerNorm: (input, { tensor }) => {
    const [gamma, beta] = [tensor('gamma'), tensor('beta')];
    const values = rowsOf(input, gamma.length).flatMap((row) => {
      const middle = mean(row);
      const variance = mean(row.map((x) => (x - middle) ** 2));
      return row.map((x, i) => ((x - middle) / Math.sqrt(variance + epsilon)) * gamma[i]! + beta[i]!);
    });
    return { ...input, values };
  },
  attention: (input, { spec: { heads, direction }, tensor }) => {
    const [batch = 1, positions = 1, width = 1] = input.shape;
    const depth = width / heads;
    const rows = rowsOf(input, width);
    const project = (site: string, biases: string) =>
      rows.map((row) => affine(row, tensor(site), tensor(biases)));
    const [q, k, v] = [
      project('query', 'queryBiases'),
      project('key', 'keyBiases'),
      project('value', 'valueBiases'),
    ] as [number[][], number[][], number[][]];
    const values: number[] = [];
    for (let n = 0; n < batch; n++)
      for (let t = 0; t < positions; t++) {
        const seen = direction === 'causal' ? t + 1 : positions;
        const context = Array.from({ length: heads }, (_, head) => {
          const features = Array.from({ length: depth }, (_x, d) => head * depth + d);
          const others = Array.from({ length: seen }, (_x, s) => n * positions + s);
          const shares = softmax(
            others.map(
              (other) =>
                features.reduce((sum, f) => sum + q[n * positions + t]![f]! * k[other]![f]!, 0) /
                Math.sqrt(depth),
            ),
          );
          return features.map((f) => shares.reduce((sum, share, s) => sum + share * v[others[s]!]![f]!, 0));
        }).flat();
        values.push(...affine(context, tensor('weights'), tensor('biases')));
      }
    return { shape: input.shape, values };
  },
} satisfies { [K in LayerKind]: Reference<Kind<K>> };

/**
 * A network's outputs.
 * @param tensors by "<layer>/<tensor>" @param masks of dropout, by layer
 */
export function plainForward(
  layers: readonly ResolvedLayer[],
  x: Plain,
  tensors: ReadonlyMap<string, readonly number[]>,
  {
    batchMoments = false,
    masks = {},
  }: { batchMoments?: boolean; masks?: Record<string, readonly number[]> } = {},
): Plain {
  const signals = [x];
  layers.forEach(({ name, spec, source, outputShape }, index) => {
    const reference = references[spec.kind] as unknown as Reference<LayerSpec>;
    const mask = masks[name];
    signals.push(
      reference(signals[index]!, {
        spec,
        outputShape,
        batchMoments,
        tensor: (tensor) => tensors.get(`${name}/${tensor}`)!,
        ...(source === undefined ? {} : { skipped: signals[source]! }),
        ...(mask ? { mask } : {}),
      }),
    );
  });
  return signals.at(-1)!;
}

/** Values of one example in a batch. */
export const sizeOf = (shape: readonly number[]): number => volume(shape);
