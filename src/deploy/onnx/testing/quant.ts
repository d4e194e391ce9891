/**
 * Makes QONNX files run in ONNX Runtime: adds Quant and BipolarQuant as functions of standard operators, written from the
 * definitions in https://github.com/fastmachinelearning/qonnx/tree/main/docs/qonnx-custom-ops. The fields' numbers are those of
 * onnx.proto.
 */
import protobuf from 'protobufjs/light';
import descriptor from '../onnx.json';

const domain = 'qonnx.custom_op.general';
const field = (id: number, type: string, rule?: 'repeated') => ({ id, type, ...(rule ? { rule } : {}) });
const root = protobuf.Root.fromJSON({
  nested: {
    Attribute: {
      edition: 'proto2',
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        type: field(20, 'int32'),
      },
    },
    Node: {
      fields: {
        input: field(1, 'string', 'repeated'),
        output: field(2, 'string', 'repeated'),
        op_type: field(4, 'string'),
        attribute: field(5, 'Attribute', 'repeated'),
      },
    },
    Opset: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    Function: {
      fields: {
        name: field(1, 'string'),
        input: field(4, 'string', 'repeated'),
        output: field(5, 'string', 'repeated'),
        node: field(7, 'Node', 'repeated'),
        opset_import: field(9, 'Opset', 'repeated'),
        domain: field(10, 'string'),
      },
    },
    Model: { fields: { functions: field(25, 'Function', 'repeated') } },
  },
});

const FLOAT = 1;
const node = (text: string, attribute: object[] = []) => {
  const [output = '', op_type = '', ...input] = text.split(' ');
  return { op_type, input, output: [output], attribute };
};
const number = (name: string, f: number) =>
  node(`${name} Constant`, [{ name: 'value_float', f, type: FLOAT }]);
/** A function for each value of the attributes: ONNX Runtime's shape inference knows no references to attributes. */
const nameOf = (signed: number, narrow: number) => `Quant_${signed}_${narrow}`;

const functions = [
  ...[0, 1, 2, 3].map((which) => ({
    name: nameOf(which >> 1, which & 1),
    input: ['x', 'scale', 'zero_point', 'bits'],
    node: [
      number('signed', which >> 1),
      number('narrow', which & 1),
      number('one', 1),
      number('two', 2),
      node('width Sub bits signed'),
      node('levels Pow two width'),
      node('high Sub levels one'),
      node('reach Sub narrow levels'),
      node('low Mul signed reach'),
      node('steps Div x scale'),
      node('moved Add steps zero_point'),
      node('below Min moved high'),
      node('inside Max below low'),
      node('rounded Round inside'),
      node('back Sub rounded zero_point'),
      node('y Mul back scale'),
    ],
  })),
  {
    name: 'BipolarQuant',
    input: ['x', 'scale'],
    node: [
      number('zero', 0),
      node('positive GreaterOrEqual x zero'),
      node('negated Neg scale'),
      node('y Where positive scale negated'),
    ],
  },
];

interface Read {
  graph: {
    node: {
      op_type: string;
      attribute: { name: string; i?: number | { toNumber(): number }; s?: Uint8Array }[];
    }[];
  };
}

/** The file with both functions in it. Messages that follow each other are one message in protobuf. */
export function withQuantFunctions(bytes: Uint8Array): Uint8Array {
  const type = protobuf.Root.fromJSON(descriptor).lookupType('onnx.ModelProto');
  const model = type.decode(bytes);
  for (const node of (model as unknown as Read).graph.node) {
    if (node.op_type !== 'Quant') continue;
    const value = (name: string) => Number(node.attribute.find((each) => each.name === name)?.i);
    const mode = node.attribute.find(({ name }) => name === 'rounding_mode')?.s;
    if (new TextDecoder().decode(mode) !== 'ROUND') throw new Error('This Quant rounds otherwise.');
    node.op_type = nameOf(value('signed'), value('narrow'));
    node.attribute = [];
  }
  const opset_import = [{ domain: '', version: 17 }];
  const message = { functions: functions.map((each) => ({ ...each, output: ['y'], opset_import, domain })) };
  const added = root.lookupType('Model').encode(message).finish();
  return Uint8Array.from([...type.encode(model).finish(), ...added]);
}
