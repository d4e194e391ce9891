/** What a translation to ONNX keeps: where each value of the program is in the graph, and how it is read and put there. */
import type { Op, OpKind, Products, Windows } from '../ops';
import { permuted } from '../permuted';
import type { Program, Rescale, Value } from '../program';
import { functions } from './functions';
import type { Graph } from './graph';
import type { Style } from './styles';
import { cast, type Whole } from './whole';

/** Where a value is in the graph. */
interface Place {
  /** What is kept of it: integers, or floats. */
  tensor: string;
  /** Nothing rounds it: sums that wait for a residual addition, logits. */
  float?: true;
  /** The same in whole numbers, q - zero point: in place of what is kept. */
  whole?: Whole;
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

  /** Puts a float tensor in a value's place, rounded where the value is. @param by with its bounds, or the table of a function */
  put(index: number, numbers: string, form: Place['form'], dims: readonly number[], by?: Rescale): void {
    const value = this.value(index);
    if (value.bits === 32) {
      const relu = by !== undefined && by.low >= value.grid.zeroPoint;
      const tensor = relu ? this.graph.node('Relu', `${value.name}_relu`, [numbers]) : numbers;
      this.places.set(index, { tensor, float: true, form, dims });
      return;
    }
    const { low, high } = by && !by.table ? by : { low: value.grid.qmin, high: value.grid.qmax };
    const through = by?.table ? functions[by.table.function](this.graph, value.name, numbers) : numbers;
    const tensor = this.style.keep(this.graph, through, value, low, high);
    this.places.set(index, { tensor, form, dims });
  }

  /** Puts whole numbers in a value's place: its q, or q - zero point where they have no bits. */
  putWhole(index: number, q: Whole, form: Place['form'], dims: readonly number[]): void {
    const value = this.value(index);
    if (value.bits === 32) this.places.set(index, { tensor: q.tensor, whole: q, form, dims });
    else this.places.set(index, { tensor: this.style.keepWhole(this.graph, q, value), form, dims });
  }

  /** Puts what is kept of a value in its place, row-major. */
  putKept(index: number, tensor: string, dims: readonly number[]): void {
    this.places.set(index, { tensor, form: 'rows', dims });
  }

  /** q - zero point of a value, row-major in the dims asked for. */
  wholeRows(index: number, dims: readonly number[]): Whole {
    return this.whole(index, this.asRows(index, dims));
  }

  /** q - zero point of a value as image NCHW. */
  wholeImage(index: number, dims: readonly [number, number, number]): Whole {
    return this.whole(index, this.asImage(index, dims));
  }

  private whole(index: number, tensor: string): Whole {
    const { whole } = this.places.get(index)!;
    return whole ? { ...whole, tensor } : this.style.whole(this.graph, tensor, this.value(index));
  }

  /** A value row-major in the dims asked for, as float numbers. */
  rows(index: number, dims: readonly number[]): string {
    return this.numbers(index, this.asRows(index, dims));
  }

  /** A value as image NCHW, as float numbers. */
  image(index: number, dims: readonly [number, number, number]): string {
    return this.numbers(index, this.asImage(index, dims));
  }

  private asImage(index: number, dims: readonly [number, number, number]): string {
    const { graph } = this;
    const place = this.places.get(index)!;
    if (place.form === 'image') return place.tensor;
    const { name } = this.value(index);
    const [height, width, channels] = dims;
    const nhwc = this.reshaped(place.tensor, name, place.dims, dims);
    return channels === 1 || height * width === 1
      ? this.reshaped(nhwc, name, dims, [channels, height, width])
      : graph.node('Transpose', `${name}_nchw`, [nhwc], { perm: [0, 3, 1, 2] });
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
    const { float, whole } = this.places.get(index)!;
    if (float) return tensor;
    const value = this.value(index);
    if (!whole) return this.style.numbers(this.graph, tensor, value);
    const floats = cast(this.graph, value.name, { ...whole, tensor }, 'float32');
    const scale = this.graph.constant(`${value.name}_scale`, 'float32', [], [value.grid.scale]);
    return this.graph.node('Mul', `${value.name}_numbers`, [floats, scale]);
  }

  /** The integers of weights as floats, their axes in the order asked for: see `products`. */
  wholeWeights(index: number, from: readonly number[], order: readonly number[], grouped = false): Whole {
    const weights = this.program.weights[index]!;
    const values = permuted(weights.values, from, order);
    const sizes = order.map((each) => from[each]!);
    const shape = grouped ? [sizes[0]!, 1, ...sizes.slice(1)] : sizes;
    const ones = { ...weights, scales: Float32Array.of(1) };
    const tensor = this.style.weights(this.graph, ones, shape, 0, values);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return { tensor, element: 'float32', largest };
  }

  /** The largest sum that a product may give, biases included. */
  largestSum({ weights, biases }: Products, input: number): number {
    const { values } = this.program.weights[weights]!;
    const { qmin, qmax, zeroPoint } = this.value(input).grid;
    const largest = Math.max(qmax - zeroPoint, zeroPoint - qmin);
    const sums = new Float64Array(biases.length);
    for (const [i, value] of values.entries()) sums[i % sums.length]! += Math.abs(value);
    return Math.max(...biases.map((bias, c) => sums[c]! * largest + Math.abs(bias)));
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
  ): [weights: string, biases: string] {
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

/** Pads of ONNX: top, left, bottom, right; what is beyond the last window is left out. */
export function windowAttributes({ height, width, outHeight, outWidth, kernel, stride, pad }: Windows) {
  const after = (length: number, out: number, axis: 0 | 1) =>
    Math.max((out - 1) * stride[axis] + kernel[axis] - length - pad[axis], 0);
  return {
    kernel_shape: [...kernel],
    strides: [...stride],
    pads: [...pad, after(height, outHeight, 0), after(width, outWidth, 1)],
  };
}

export type Translator<K extends OpKind> = (to: Translation, op: Extract<Op, { kind: K }>) => void;

export const imageOf = ({ height, width, channels }: Windows) => [height, width, channels] as const;

export type Translators = { [K in OpKind]?: Translator<K> };

/** The translator of an operation's kind, if a registry has one. */
export const translatorOf = (translators: Translators, { kind }: Op) =>
  translators[kind] as ((to: Translation, op: Op) => void) | undefined;
