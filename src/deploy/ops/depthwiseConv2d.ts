/** depthwiseConv2d: each channel of an image with a filter of its own, weights [k, k, channels]. */
import type { Program } from '../program';
import type { Vectors } from '../vectors';
import { channelProducts } from '../vectors/products';
import type { Common, Memory, OpKindOf, Products, Windows } from './op';
import { finish, forEachWindow, layerOf } from './products';

export interface DepthwiseConv2dOp extends Common, Products, Windows {
  kind: 'depthwiseConv2d';
}

export const depthwiseConv2d: OpKindOf<DepthwiseConv2dOp> = {
  weights: (op) => [op.weights],
  c: {
    needs: ['product', 'windows', 'depthwise'],
    call: (op, to) =>
      `qat_depthwise(&${to.products(op)}, &${to.windows(op)}, ${to.value(op.input)}, ${to.value(op.output)});`,
  },
  evaluate(op: DepthwiseConv2dOp, program: Program, memory: Memory) {
    const { height, width, channels, kernel } = op;
    const x = memory[op.input]!;
    const y = memory[op.output]!;
    const { zeroPoint } = program.values[op.input]!.grid;
    const w = program.weights[op.weights]!.values;
    const sums = new Int32Array(channels);
    forEachWindow(op, (pixel, row, column) => {
      sums.fill(0);
      for (let i = Math.max(-row, 0); i < kernel[0] && row + i < height; i++)
        for (let j = Math.max(-column, 0); j < kernel[1] && column + j < width; j++) {
          const from = ((row + i) * width + column + j) * channels;
          const at = (i * kernel[1] + j) * channels;
          for (let c = 0; c < channels; c++) sums[c]! += (x[from + c]! - zeroPoint) * w[at + c]!;
        }
      for (let c = 0; c < channels; c++) y[pixel * channels + c] = finish(op, c, sums[c]!);
    });
  },
  prepare: (op: DepthwiseConv2dOp, program: Program, vectors: Vectors) =>
    channelProducts(vectors, layerOf(op, program), op),
};
