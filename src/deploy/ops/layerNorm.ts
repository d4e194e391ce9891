/**
 * layerNorm: each position's features brought to mean 0 and variance 1 in steps of 2^-10, times gamma in steps of 2^-10, plus
 * beta in steps of 2^-20. All of it fits 32 bits for up to 256 features: docs/deploy.md.
 */
import { volume } from '@/catalog/layers';
import { normalBits } from '@/kernels/integerLayerNorm/constants';
import { rescale } from '../arithmetic';
import type { Program, Rescale } from '../program';
import type { Vectors } from '../vectors';
import { layerNorm as prepareLayerNorm } from '../vectors/elements';
import { type Common, type Memory, type OpKindOf, operandOf } from './op';

export interface LayerNormOp extends Common {
  kind: 'layerNorm';
  features: number;
  /** Epsilon at the scale of features^2 times the variance of q. */
  epsilon: number;
  gamma: Int32Array;
  beta: Int32Array;
  rescale: Rescale;
}

export const layerNorm: OpKindOf<LayerNormOp> = {
  biases: ({ gamma, beta }) => ({ gamma, beta }),
  c: {
    needs: ['layerNorm'],
    call: (op, to) => {
      const norm = to.struct('qat_norm', [
        to.data('int32_t', op.gamma),
        to.data('int32_t', op.beta),
        `&${to.rescale(op.rescale)}`,
        op.features,
        to.zeroPoint(op.input),
        `${op.epsilon}u`,
      ]);
      return `qat_layer_norm(&${norm}, ${to.value(op.input)}, ${to.value(op.output)}, ${to.count(op.output)});`;
    },
  },
  evaluate(op: LayerNormOp, program: Program, memory: Memory) {
    const { features, gamma, beta } = op;
    const [x, y] = [memory[op.input]!, memory[op.output]!];
    const { zeroPoint } = program.values[op.input]!.grid;
    for (let from = 0; from < x.length; from += features) {
      let [sum, squares] = [0, 0];
      for (let c = 0; c < features; c++) {
        const value = x[from + c]! - zeroPoint;
        sum += value;
        squares += value * value;
      }
      let spread = Math.max(features * squares - sum * sum + op.epsilon, 1);
      let power = 2 ** normalBits;
      for (; spread < 2 ** 30; power *= 2) spread *= 4;
      const root = Math.floor(Math.sqrt(spread));
      const half = Math.floor(root / 2);
      for (let c = 0; c < features; c++) {
        const centred = features * (x[from + c]! - zeroPoint) - sum;
        const size = Math.floor((Math.abs(centred) * power + half) / root);
        const steps = centred < 0 ? -size : size;
        y[from + c] = rescale(op.rescale, 0, steps * gamma[c]! + beta[c]!);
      }
    }
  },
  prepare(op: LayerNormOp, program: Program, vectors: Vectors) {
    const rows = volume(program.values[op.input]!.shape) / op.features;
    return prepareLayerNorm(vectors, op, operandOf(program, op.input), rows);
  },
};
