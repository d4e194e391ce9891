/** Lowering: from what was read of a trained network to an integer program. Pure. */
import { rounds } from '@/catalog/layers';
import { inputName } from '@/experiment/changes';
import type { Program } from '../program';
import type { Snapshot } from '../snapshot';
import { Lowering } from './context';
import { loweringOf } from './layers';

/**
 * The integer program of a trained network.
 * @throws NoIntegerForm, whose message says for which layer there is none and what to choose
 */
export function lower(snapshot: Snapshot): Program {
  const { plan } = snapshot;
  const to = new Lowering(snapshot);
  const shape = plan.layers[0]?.inputShape ?? [];
  const symbols = { bits: 32, grid: { scale: 1, zeroPoint: 0, qmin: 0, qmax: 2 ** 31 - 1 } };
  const made = plan.input ? to.grid(inputName, 'activations', plan.input) : symbols;
  const input = to.value({ name: inputName, layer: inputName, shape, ...made });
  const before = [input];
  for (const [index, layer] of plan.layers.entries()) {
    const skipped = layer.source === undefined ? undefined : before[layer.source]!;
    const output = loweringOf(layer.spec)(to, layer, before[index]!, skipped);
    if (rounds(layer.spec)) to.outputs[layer.name] = output;
    before.push(output);
  }
  return to.program(input, before.at(-1)!);
}
