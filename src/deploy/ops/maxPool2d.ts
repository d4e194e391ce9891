/** maxPool2d: the largest q of each window, channel by channel; the grid stays that of the input. */
import type { Program } from '../program';
import type { Vectors } from '../vectors';
import { largest } from '../vectors/elements';
import type { Common, Memory, OpKindOf, Windows } from './op';
import { forEachWindow } from './products';

export interface MaxPool2dOp extends Common, Windows {
  kind: 'maxPool2d';
}

export const maxPool2d: OpKindOf<MaxPool2dOp> = {
  c: {
    needs: ['windows', 'maxPool'],
    call: (op, to) => `qat_max_pool(&${to.windows(op)}, ${to.value(op.input)}, ${to.value(op.output)});`,
  },
  evaluate(op: MaxPool2dOp, _program: Program, memory: Memory) {
    const { width, channels, kernel } = op;
    const x = memory[op.input]!;
    const y = memory[op.output]!;
    forEachWindow(op, (pixel, row, column) => {
      for (let c = 0; c < channels; c++) {
        let most = x[(row * width + column) * channels + c]!;
        for (let i = 0; i < kernel[0]; i++)
          for (let j = 0; j < kernel[1]; j++)
            most = Math.max(most, x[((row + i) * width + column + j) * channels + c]!);
        y[pixel * channels + c] = most;
      }
    });
  },
  prepare: (op: MaxPool2dOp, _program: Program, vectors: Vectors) =>
    largest(vectors, op, op.input, op.output),
};
