/**
 * The integer program's numbers as safetensors: weights packed at their bits, biases int32, scales float32, zero points
 * uint8. Together the tensors have exactly the bytes of the model size (src/experiment/size.ts).
 */
import { biasesOf, opKindOf } from './ops';
import type { Grid, Program } from './program';
import { type SafeTensor, safeTensor, writeSafetensors } from './safetensors';

/** @param notes free text beside what describes the packing */
export function integerWeights(program: Program, notes: Readonly<Record<string, string>> = {}): Uint8Array {
  const named = (name: string, part: string) => `${name.replaceAll(' ', '.')}.${part}`;
  const tensors: SafeTensor[] = [];
  const packing: Record<string, unknown> = {};
  const addGrid = (name: string, { scale, zeroPoint }: Grid) => {
    tensors.push(safeTensor(named(name, 'output.scale'), [1], Float32Array.of(scale)));
    tensors.push(safeTensor(named(name, 'output.zero_point'), [1], Uint8Array.of(zeroPoint)));
  };
  for (const { name, shape, bits, encoding, packed, scales } of program.weights) {
    tensors.push(safeTensor(named(name, 'packed'), [packed.length], packed));
    tensors.push(safeTensor(named(name, 'scale'), [scales.length], scales));
    packing[name.replaceAll(' ', '.')] = { shape, bits, encoding };
  }
  for (const op of program.ops) {
    // Of several products of a layer each names its own: "attn1.query.biases".
    const site = 'weights' in op ? program.weights[op.weights]!.name.slice(op.layer.length + 1) : 'weights';
    const owner = site === 'weights' ? op.layer : `${op.layer} ${site}`;
    for (const [part, biases] of Object.entries(biasesOf(op)))
      tensors.push(safeTensor(named(owner, part), [biases.length], biases));
    for (const [site, grid] of Object.entries(opKindOf(op).grids?.(op) ?? {}))
      addGrid(`${op.layer} ${site}`, grid);
  }
  const rounded = new Set([program.input, ...Object.values(program.outputs)]);
  program.values.forEach(({ name, bits, grid }, index) => {
    const inside = name.includes(' ');
    if (bits === 32 || !(rounded.has(index) || inside)) return;
    addGrid(name, grid);
  });
  return writeSafetensors(tensors, {
    ...notes,
    packing: JSON.stringify(packing),
    encoding:
      'codes of so many bits, the first in the lowest bits of the first byte; twos: two’s complement; odd: code c means 2c - (2^bits - 1)',
  });
}
