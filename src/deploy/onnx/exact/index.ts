/**
 * From the operations of an integer program to whole numbers in ONNX, as ../whole.ts writes them: rounded where the integer engine
 * rounds and nowhere else, so that every value is the engine's to the bit. One entry for each kind of operation.
 */
import type { OpKind } from '../../ops';
import type { Translation, Translator } from '../translation';
import { attention } from './attention';
import { layerNorm } from './layerNorm';
import { add, averagePool, conv2d, dense, depthwiseConv2d, maxPool2d } from './layers';
import { gru, lstm } from './recurrent';
import { embedding, positions } from './sequences';

export const exactTranslators = {
  dense,
  conv2d,
  depthwiseConv2d,
  maxPool2d,
  averagePool,
  add,
  gru,
  lstm,
  embedding,
  positions,
  layerNorm,
  attention,
} satisfies { [K in OpKind]: Translator<K> };

/** Rounds the network's input as `quantizeTo` of ../../arithmetic.ts does: by the reciprocal. Symbols of a text stay. */
export function putInput(to: Translation, name: string): void {
  const { graph, program } = to;
  const { bits, grid, shape } = to.value(program.input);
  const input = { tensor: name, element: 'float32' as const, largest: 2 ** 24 };
  if (bits === 32) {
    to.putWhole(program.input, input, 'rows', shape);
    return;
  }
  const one = (stem: string, value: number) => graph.constant(`input_${stem}`, 'float32', [], [value]);
  const steps = graph.node('Mul', 'input_steps', [name, one('inverse', Math.fround(1 / grid.scale))]);
  const rounded = graph.node('Round', 'input_rounded', [steps]);
  const moved = graph.node('Add', 'input_moved', [rounded, one('zero', grid.zeroPoint)]);
  const ends = [one('low', grid.qmin), one('high', grid.qmax)];
  const tensor = graph.node('Clip', 'input_clipped', [moved, ...ends]);
  to.putWhole(program.input, { ...input, tensor, largest: grid.qmax }, 'rows', shape);
}
