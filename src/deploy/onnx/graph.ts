/** A graph that grows: nodes, constants, and names that are never used twice. */
import type { Attribute, Element, Node, Tensor } from './model';

const littleEndian = (
  values: ArrayLike<number>,
  size: number,
  write: (view: DataView, at: number, value: number) => void,
) => {
  const view = new DataView(new ArrayBuffer(values.length * size));
  for (let i = 0; i < values.length; i++) write(view, i * size, values[i]!);
  return new Uint8Array(view.buffer);
};

/** Two 4-bit numbers a byte, the first in the low half. */
const nibbles = (values: ArrayLike<number>): Uint8Array => {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  for (let i = 0; i < values.length; i++) bytes[i >> 1]! |= (values[i]! & 15) << (4 * (i & 1));
  return bytes;
};

const writers: Record<Element, (values: ArrayLike<number>) => Uint8Array> = {
  float32: (values) => littleEndian(values, 4, (view, at, value) => view.setFloat32(at, value, true)),
  int32: (values) => littleEndian(values, 4, (view, at, value) => view.setInt32(at, value, true)),
  float64: (values) => littleEndian(values, 8, (view, at, value) => view.setFloat64(at, value, true)),
  int64: (values) => littleEndian(values, 8, (view, at, value) => view.setBigInt64(at, BigInt(value), true)),
  uint8: (values) => Uint8Array.from(values),
  int8: (values) => new Uint8Array(Int8Array.from(values).buffer),
  int4: nibbles,
};

const sameBytes = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

export class Graph {
  readonly nodes: Node[] = [];
  readonly tensors: Tensor[];
  private readonly names: Map<string, number>;
  /** Constants by their stems and shapes. */
  private readonly made: Map<string, Tensor[]>;

  /** @param around the graph whose names and constants this one, a body of a node, shares */
  constructor(around?: Graph) {
    this.tensors = around?.tensors ?? [];
    this.names = around?.names ?? new Map();
    this.made = around?.made ?? new Map();
  }

  /** A name of its own: "conv1", "conv1_2". */
  name(stem: string): string {
    const plain = stem.replaceAll(/[^A-Za-z0-9]+/g, '_');
    const count = (this.names.get(plain) ?? 0) + 1;
    this.names.set(plain, count);
    return count === 1 ? plain : `${plain}_${count}`;
  }

  /** @returns the name of its one output */
  node(
    type: string,
    stem: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): string {
    const output = this.name(stem);
    this.nodes.push({ type, inputs, outputs: [output], attributes, domain });
    return output;
  }

  /** A node with several outputs. @returns their names, one for each stem */
  several(
    type: string,
    stems: readonly string[],
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const outputs = stems.map((stem) => this.name(stem));
    this.nodes.push({ type, inputs, outputs, attributes });
    return outputs;
  }

  /**
   * @returns the name of a constant, the same one for the same numbers: of the same stem, and of any where they are many, such as
   * the table of a function; `dims` [] is one number
   */
  constant(stem: string, element: Element, dims: readonly number[], values: ArrayLike<number>): string {
    const bytes = writers[element](values);
    const key = `${bytes.length < 1024 ? stem : ''} ${element} ${dims.join()}`;
    const made = this.made.get(key) ?? [];
    const same = made.find((tensor) => sameBytes(tensor.bytes, bytes));
    if (same) return same.name;
    const tensor = { name: this.name(stem), element, dims, bytes };
    this.tensors.push(tensor);
    this.made.set(key, [...made, tensor]);
    return tensor.name;
  }
}
