/**
 * averagePool: the sum of q - zero point over each window, taken to the output's grid by one multiplier that holds both
 * scales and 1 / pixels. A sequence [positions, features] is an image one pixel wide.
 */
import { rescale } from '../arithmetic';
import type { Program, Rescale } from '../program';
import type { Vectors } from '../vectors';
import { sums } from '../vectors/elements';
import { type Common, type Memory, type OpKindOf, operandOf, type Windows } from './op';
import { forEachWindow } from './products';

export interface AveragePoolOp extends Common, Windows {
  kind: 'averagePool';
  rescale: Rescale;
}

export const averagePool: OpKindOf<AveragePoolOp> = {
  c: {
    needs: ['rescale', 'windows', 'averagePool'],
    call: (op, to) =>
      `qat_average_pool(&${to.windows(op)}, &${to.rescale(op.rescale)}, ${to.value(op.input)}, ${to.zeroPoint(op.input)}, ${to.value(op.output)}, ${to.wide(op.output)});`,
  },
  evaluate(op: AveragePoolOp, program: Program, memory: Memory) {
    const { width, channels, kernel } = op;
    const x = memory[op.input]!;
    const y = memory[op.output]!;
    const { zeroPoint } = program.values[op.input]!.grid;
    const offset = zeroPoint * kernel[0] * kernel[1];
    forEachWindow(op, (pixel, row, column) => {
      for (let c = 0; c < channels; c++) {
        let sum = -offset;
        for (let i = 0; i < kernel[0]; i++)
          for (let j = 0; j < kernel[1]; j++) sum += x[((row + i) * width + column + j) * channels + c]!;
        y[pixel * channels + c] = rescale(op.rescale, c, sum);
      }
    });
  },
  prepare: (op: AveragePoolOp, program: Program, vectors: Vectors) =>
    sums(vectors, op, op.rescale, operandOf(program, op.input), op.output),
};
