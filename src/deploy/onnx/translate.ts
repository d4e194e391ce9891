/** From the operations of an integer program to nodes: one entry for each kind of operation. */
import { volume } from '@/catalog/layers';
import type { Op, OpKind, Products, Windows } from '../ops';
import type { Program, Rescale, Value } from '../program';
import type { Graph } from './graph';
import type { Style } from './styles';

/** Where a value is in the graph. */
interface Place {
  /** What is kept of it: integers, or floats. */
  tensor: string;
  /** Nothing rounds it: sums that wait for a residual addition, logits. */
  float?: true;
  /** Images lie as NCHW with these [height, width, channels]; everything else row-major as in the program, [N, ...dims]. */
  form: 'image' | 'rows';
  dims: readonly number[];
}

export class Translation {
  readonly places = new Map<number, Place>();

  constructor(
    readonly graph: Graph,
    readonly style: Style,
    readonly program: Program,
  ) {}

  value(index: number): Value {
    return this.program.values[index]!;
  }

  /** Puts a float tensor in a value's place, rounded where the value is. */
  put(index: number, numbers: string, form: Place['form'], dims: readonly number[], by?: Rescale): void {
    const value = this.value(index);
    if (value.bits === 32) {
      const relu = by !== undefined && by.low >= value.grid.zeroPoint;
      const tensor = relu ? this.graph.node('Relu', `${value.name}_relu`, [numbers]) : numbers;
      this.places.set(index, { tensor, float: true, form, dims });
      return;
    }
    const { low, high } = by ?? { low: value.grid.qmin, high: value.grid.qmax };
    const tensor = this.style.keep(this.graph, numbers, value, low, high);
    this.places.set(index, { tensor, form, dims });
  }

  /** A value row-major in the dims asked for, as float numbers. */
  rows(index: number, dims: readonly number[]): string {
    return this.numbers(index, this.asRows(index, dims));
  }

  /** A value as image NCHW, as float numbers. */
  image(index: number, dims: readonly [number, number, number]): string {
    const { graph } = this;
    const place = this.places.get(index)!;
    if (place.form === 'image') return this.numbers(index, place.tensor);
    const { name } = this.value(index);
    const [height, width, channels] = dims;
    const nhwc = this.reshaped(place.tensor, name, place.dims, dims);
    const tensor =
      channels === 1 || height * width === 1
        ? this.reshaped(nhwc, name, dims, [channels, height, width])
        : graph.node('Transpose', `${name}_nchw`, [nhwc], { perm: [0, 3, 1, 2] });
    return this.numbers(index, tensor);
  }

  /** What is kept of a value, row-major. */
  asRows(index: number, dims: readonly number[]): string {
    const { graph } = this;
    const place = this.places.get(index)!;
    const { name } = this.value(index);
    if (place.form === 'rows') return this.reshaped(place.tensor, name, place.dims, dims);
    const [height = 1, width = 1, channels = 1] = place.dims;
    const moves = channels > 1 && height * width > 1;
    const nhwc = moves
      ? graph.node('Transpose', `${name}_nhwc`, [place.tensor], { perm: [0, 2, 3, 1] })
      : place.tensor;
    return this.reshaped(nhwc, name, moves ? place.dims : [channels, height, width], dims);
  }

  private reshaped(tensor: string, name: string, from: readonly number[], to: readonly number[]): string {
    if (from.join() === to.join()) return tensor;
    const shape = this.graph.constant(`${name}_shape`, 'int64', [to.length + 1], [-1, ...to]);
    return this.graph.node('Reshape', `${name}_reshaped`, [tensor, shape]);
  }

  private numbers(index: number, tensor: string): string {
    return this.places.get(index)!.float ? tensor : this.style.numbers(this.graph, tensor, this.value(index));
  }

  /**
   * Weights and biases of a product, as float numbers.
   * @param from the weights' axes as the operation reads them @param order of them in the graph @param axis of the scales there
   * @param grouped whether an axis of length 1 stands for the input channels
   */
  products(
    op: Op & Products,
    from: readonly number[],
    order: readonly number[],
    axis: number,
    grouped = false,
  ) {
    const weights = this.program.weights[op.weights]!;
    const values = permuted(weights.values, from, order);
    const sizes = order.map((each) => from[each]!);
    const shape = grouped ? [sizes[0]!, 1, ...sizes.slice(1)] : sizes;
    const step = this.value(op.input).grid.scale;
    const { scales } = weights;
    const sums = Float32Array.from(op.biases, (_, c) =>
      Math.fround(step * scales[scales.length === 1 ? 0 : c]!),
    );
    return [
      this.style.weights(this.graph, weights, shape, axis, values),
      this.style.biases(this.graph, op.layer, op.biases, sums),
    ];
  }
}

/** A tensor with its axes in another order. */
export function permuted(values: Int16Array, shape: readonly number[], order: readonly number[]): Int16Array {
  const strides = shape.map((_, axis) => volume(shape.slice(axis + 1)));
  const to = order.map((axis) => shape[axis]!);
  return values.map((_, i) => {
    let at = 0;
    for (let axis = to.length - 1, rest = i; axis >= 0; axis--) {
      at += (rest % to[axis]!) * strides[order[axis]!]!;
      rest = Math.floor(rest / to[axis]!);
    }
    return values[at]!;
  });
}

/** Pads of ONNX: top, left, bottom, right; what is beyond the last window is left out. */
function windowAttributes({ height, width, outHeight, outWidth, kernel, stride, pad }: Windows) {
  const after = (length: number, out: number, axis: 0 | 1) =>
    Math.max((out - 1) * stride[axis] + kernel[axis] - length - pad[axis], 0);
  return {
    kernel_shape: [...kernel],
    strides: [...stride],
    pads: [...pad, after(height, outHeight, 0), after(width, outWidth, 1)],
  };
}

type Translator<K extends OpKind> = (to: Translation, op: Extract<Op, { kind: K }>) => void;

const imageOf = ({ height, width, channels }: Windows) => [height, width, channels] as const;

export const translators = {
  dense(to, op) {
    const { rows, features, units } = op;
    const input = to.rows(op.input, [features]);
    const [weights, biases] = to.products(op, [features, units], [0, 1], 1);
    const sums = to.graph.node('Gemm', `${op.layer}_sums`, [input, weights!, biases!]);
    to.put(op.output, sums, 'rows', [units], op.rescale);
    const shape = to.value(op.output).shape;
    if (rows === 1 && shape.length === 1) return;
    // A position of a sequence is an example here; from now on it is one of the sequence again.
    const tensor = to.asRows(op.output, shape);
    to.places.set(op.output, { ...to.places.get(op.output)!, tensor, dims: shape });
  },
  conv2d(to, op) {
    const { kernel, channels, filters, outHeight, outWidth } = op;
    const products = to.products(op, [...kernel, channels, filters], [3, 2, 0, 1], 0);
    const inputs = [to.image(op.input, imageOf(op)), ...products];
    const sums = to.graph.node('Conv', `${op.layer}_sums`, inputs, windowAttributes(op));
    to.put(op.output, sums, 'image', [outHeight, outWidth, filters], op.rescale);
  },
  depthwiseConv2d(to, op) {
    const { kernel, channels, outHeight, outWidth } = op;
    const products = to.products(op, [...kernel, channels], [2, 0, 1], 0, true);
    const inputs = [to.image(op.input, imageOf(op)), ...products];
    const attributes = { ...windowAttributes(op), group: channels };
    const sums = to.graph.node('Conv', `${op.layer}_sums`, inputs, attributes);
    to.put(op.output, sums, 'image', [outHeight, outWidth, channels], op.rescale);
  },
  maxPool2d(to, op) {
    const input = to.image(op.input, imageOf(op));
    const pooled = to.graph.node('MaxPool', `${op.layer}_largest`, [input], windowAttributes(op));
    const dims = [op.outHeight, op.outWidth, op.channels];
    if (to.style.roundsSelected) to.put(op.output, pooled, 'image', dims);
    else to.places.set(op.output, { tensor: pooled, float: true, form: 'image', dims });
  },
  averagePool(to, op) {
    const input = to.image(op.input, imageOf(op));
    const means = to.graph.node('AveragePool', `${op.layer}_means`, [input], windowAttributes(op));
    to.put(op.output, means, 'image', [op.outHeight, op.outWidth, op.channels], op.rescale);
  },
  add(to, op) {
    const { shape } = to.value(op.output);
    const isImage = shape.length === 3;
    const [height = 1, width = 1, channels = 1] = shape;
    const read = (index: number) =>
      isImage ? to.image(index, [height, width, channels]) : to.rows(index, shape);
    const sums = to.graph.node('Add', `${op.layer}_sum`, [read(op.input), read(op.skipped)]);
    to.put(op.output, sums, isImage ? 'image' : 'rows', shape, op.rescale);
  },
} satisfies { [K in OpKind]?: Translator<K> };

/** The translator of an operation's kind, if it has one. */
export const translatorOf = ({ kind }: Op) =>
  (translators as Partial<Record<OpKind, (to: Translation, op: Op) => void>>)[kind];
