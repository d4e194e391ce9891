/**
 * ONNX models as bytes. ./onnx.json describes the messages that are written: the fields of these names and numbers in
 * onnx.proto (the ONNX project, Apache-2.0, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), and no others. Attributes are
 * written as proto2, so that one of 0 is there.
 */
import protobuf from 'protobufjs/light';
import descriptor from './onnx.json';

/** TensorProto.DataType */
export const elements = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  float64: 11,
  int4: 22,
} as const;
export type Element = keyof typeof elements;

/** AttributeProto.AttributeType */
const attributeTypes = { FLOAT: 1, INT: 2, STRING: 3, GRAPH: 5, INTS: 7 } as const;

export interface Tensor {
  name: string;
  element: Element;
  dims: readonly number[];
  /** Little-endian; 4-bit elements two a byte, the first in the low half. */
  bytes: Uint8Array;
}

/** What a node runs again and again. It sees the names of the graph around it, and has no tensors of its own. */
export interface Body {
  name: string;
  inputs: readonly Port[];
  outputs: readonly Port[];
  nodes: readonly Node[];
}

/** A whole number, a list of them, text, or a body. */
export type Attribute = number | readonly number[] | string | Body;

export interface Node {
  type: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
  /** "" is ONNX's own. */
  domain?: string;
}

export interface Port {
  name: string;
  element: Element;
  /** A name stands for a size that is not fixed. */
  dims: readonly (number | string)[];
}

export interface Model extends Body {
  /** Version of the file format. */
  ir: number;
  opsets: Readonly<Record<string, number>>;
  tensors: readonly Tensor[];
  /** Free text for people. */
  notes: Readonly<Record<string, string>>;
}

const root = protobuf.Root.fromJSON(descriptor);
const utf8 = new TextEncoder();

function attributeOf([name, value]: [string, Attribute]): object {
  if (typeof value === 'string') return { name, s: utf8.encode(value), type: attributeTypes.STRING };
  if (typeof value === 'number') return { name, i: value, type: attributeTypes.INT };
  return 'nodes' in value
    ? { name, g: graphOf(value), type: attributeTypes.GRAPH }
    : { name, ints: [...value], type: attributeTypes.INTS };
}

const portOf = ({ name, element, dims }: Port) => ({
  name,
  type: {
    tensor_type: {
      elem_type: elements[element],
      shape: {
        dim: dims.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size })),
      },
    },
  },
});

const graphOf = ({ name, inputs, outputs, nodes }: Body) => ({
  name,
  input: inputs.map(portOf),
  output: outputs.map(portOf),
  node: nodes.map(({ type, inputs, outputs, attributes = {}, domain = '' }) => ({
    name: outputs[0],
    op_type: type,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(attributeOf),
    ...(domain ? { domain } : {}),
  })),
});

/** The bytes of an .onnx file. */
export function encodeModel(model: Model): Uint8Array {
  const message = {
    ir_version: model.ir,
    producer_name: 'QAT Playground',
    opset_import: Object.entries(model.opsets).map(([domain, version]) => ({ domain, version })),
    metadata_props: Object.entries(model.notes).map(([key, value]) => ({ key, value })),
    graph: {
      ...graphOf(model),
      initializer: model.tensors.map(({ name, element, dims, bytes }) => ({
        name,
        dims: [...dims],
        data_type: elements[element],
        raw_data: bytes,
      })),
    },
  };
  return root.lookupType('onnx.ModelProto').encode(message).finish();
}
