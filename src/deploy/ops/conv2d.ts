/** conv2d: correlation of an image with filters HWIO; pixels outside the image are 0. */
import type { Program } from '../program';
import type { Vectors } from '../vectors';
import { windowProducts } from '../vectors/products';
import type { Common, Memory, OpKindOf, Products, Windows } from './op';
import { finish, forEachWindow, layerOf } from './products';

export interface Conv2dOp extends Common, Products, Windows {
  kind: 'conv2d';
  filters: number;
}

export const conv2d: OpKindOf<Conv2dOp> = {
  weights: (op) => [op.weights],
  c: {
    needs: ['product', 'windows', 'conv2d'],
    call: (op, to) =>
      `qat_conv2d(&${to.products(op)}, &${to.windows(op)}, ${to.value(op.input)}, ${to.value(op.output)}, ${op.filters});`,
  },
  evaluate(op: Conv2dOp, program: Program, memory: Memory) {
    const { height, width, channels, filters, kernel } = op;
    const x = memory[op.input]!;
    const y = memory[op.output]!;
    const { zeroPoint } = program.values[op.input]!.grid;
    const w = program.weights[op.weights]!.values;
    const sums = new Int32Array(filters);
    forEachWindow(op, (pixel, row, column) => {
      sums.fill(0);
      for (let i = Math.max(-row, 0); i < kernel[0] && row + i < height; i++)
        for (let j = Math.max(-column, 0); j < kernel[1] && column + j < width; j++) {
          const from = ((row + i) * width + column + j) * channels;
          const weightsFrom = (i * kernel[1] + j) * channels;
          for (let k = 0; k < channels; k++) {
            const value = x[from + k]! - zeroPoint;
            if (value === 0) continue;
            const at = (weightsFrom + k) * filters;
            for (let o = 0; o < filters; o++) sums[o]! += value * w[at + o]!;
          }
        }
      for (let o = 0; o < filters; o++) y[pixel * filters + o] = finish(op, o, sums[o]!);
    });
  },
  prepare: (op: Conv2dOp, program: Program, vectors: Vectors) =>
    windowProducts(vectors, layerOf(op, program), op, op.filters),
};
