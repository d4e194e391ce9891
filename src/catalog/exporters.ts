/** What a trained network can be saved as. src/deploy/exporters.ts makes the bytes. */

export interface ExporterDescriptor {
  label: string;
  help: string;
  /** Ending of the file, after the experiment's name. */
  ending: string;
  /** Media type of the file. */
  type: string;
}

const bytes = 'application/octet-stream';

export const exporters = {
  onnx: {
    label: 'ONNX',
    help: 'QuantizeLinear and DequantizeLinear on 8-bit integers, opset 17: what ONNX Runtime fuses into integer kernels. Narrower widths are 8-bit integers with a Clip. Recurrent networks, and functions other than ReLU, as whole numbers that give our logits to the bit.',
    ending: '.onnx',
    type: bytes,
  },
  onnx4: {
    label: 'ONNX, 4-bit types',
    help: 'The same with int4 for weights of at most 4 bits, opset 21: about half the weights’ bytes, which fewer programs read.',
    ending: '-int4.onnx',
    type: bytes,
  },
  onnxQdq: {
    label: 'ONNX, standard operators',
    help: 'For converters such as those to TensorRT: every layer as ONNX’s own operator in float, with Softmax, LayerNormalization and the activation functions, between QuantizeLinear and DequantizeLinear, opset 17. Now and then a value is a step apart from ours.',
    ending: '-qdq.onnx',
    type: bytes,
  },
  qonnx: {
    label: 'QONNX',
    help: 'Quant nodes of any width: for FINN, hls4ml and other tools that make hardware of networks.',
    ending: '-qonnx.onnx',
    type: bytes,
  },
  pytorch: {
    label: 'PyTorch',
    help: 'A zip of train.py, the weights and the data: the same network, quantizers and hyper-parameters. It needs torch alone, evaluates to the same accuracy, trains on, and runs on many GPUs by torchrun.',
    ending: '-pytorch.zip',
    type: 'application/zip',
  },
  c: {
    label: 'C99',
    help: 'A zip of three files: a header with packed weights, one small source, and an example that prints predictions. Integers only, no library, no malloc: for microcontrollers.',
    ending: '-c.zip',
    type: 'application/zip',
  },
  weightsInteger: {
    label: 'Integer weights',
    help: 'Safetensors: weights packed at their bits, int32 biases, scales and zero points; its tensors have the bytes of the model size, exactly.',
    ending: '-integer.safetensors',
    type: bytes,
  },
  weightsFloat: {
    label: 'Float weights',
    help: 'Safetensors: the QAT network’s weights before rounding, and the float twin’s, as float32.',
    ending: '-float.safetensors',
    type: bytes,
  },
} as const satisfies Record<string, ExporterDescriptor>;
export type ExporterName = keyof typeof exporters;
