/** Recurrent layers: GRU (Cho 2014) and LSTM (Hochreiter 1997), with PyTorch's gate order and biases. */
import { z } from 'zod';
import type { ChoiceField } from '../fields';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import {
  biasesOf,
  type LayerDescriptor,
  type LayerField,
  type Parameter,
  type Shape,
  type Surroundings,
} from './descriptor';
import { sequenceSize } from './images';

const units = {
  type: 'number',
  key: 'units',
  label: 'Units',
  token: '',
  min: 1,
  max: 512,
  integer: true,
  help: 'Width of the hidden state.',
} as const satisfies LayerField;

export const returned = {
  last: { label: 'last state', token: 'last', help: 'Gives the hidden state after the last position.' },
  sequence: { label: 'every state', token: 'seq', help: 'Gives the hidden state after each position.' },
} as const;
const returnedField = {
  type: 'choice',
  key: 'returns',
  label: 'Returns',
  help: 'What goes on to the next layer.',
  options: returned,
  omitted: 'last',
} as const satisfies ChoiceField;

const common = {
  units: z.int().min(units.min).max(units.max),
  returns: z.enum(Object.keys(returned) as [keyof typeof returned, ...(keyof typeof returned)[]]),
  weights: weightSiteSchema,
  recurrent: weightSiteSchema,
  gates: activationSiteSchema,
  activations: activationSiteSchema,
};
const gruSchema = z.strictObject({ kind: z.literal('gru'), ...common });
export type Gru = z.infer<typeof gruSchema>;
const lstmSchema = z.strictObject({ kind: z.literal('lstm'), ...common });
export type Lstm = z.infer<typeof lstmSchema>;
type Recurrent = Gru | Lstm;

const defaults = {
  units: 32,
  returns: 'last',
  weights: weightSite(8),
  recurrent: weightSite(8),
  gates: activationSite(8),
  activations: activationSite(8),
} as const;

/** What both share. @param gates how many each unit has @param cells numbers that each unit remembers beside its state */
const recurrent = <S extends Recurrent>(what: string, gates: number, cells: number) => ({
  fields: [units],
  choices: [returnedField],
  sites: ['weights', 'recurrent', 'gates', 'activations'] as const,
  network: { label: what, rank: 4 },
  weighted: true,
  outputShape(spec: S, { input }: Surroundings): Shape {
    const [positions] = sequenceSize(`The ${what} layer`, input);
    return spec.returns === 'last' ? [spec.units] : [positions, spec.units];
  },
  parameters(spec: S, { input }: Surroundings): Parameter[] {
    const width = gates * spec.units;
    // As PyTorch starts them.
    const initial = { limit: 1 / Math.sqrt(spec.units) };
    return [
      { name: 'weights', shape: [input.at(-1) ?? 1, width], site: 'weights', initial },
      biasesOf(width),
      { name: 'recurrent', shape: [spec.units, width], site: 'recurrent', initial },
      biasesOf(width, 'recurrentBiases'),
    ];
  },
  products: (spec: S, { input }: Surroundings) => {
    const [positions = 1, features = 1] = input;
    const width = gates * spec.units;
    return [
      { macs: positions * features * width, left: 'input' as const, right: 'weights' as const },
      { macs: positions * spec.units * width, left: 'activations' as const, right: 'recurrent' as const },
    ];
  },
  inside: (spec: S, { input }: Surroundings) => ({ gates: [input[0] ?? 1, gates * spec.units] }),
  inParts: ['gates'] as const,
  // Of one position: from the input and from the state, for every gate.
  sums: (spec: S) => (2 * gates + cells) * spec.units,
  summary: (_spec: S, input: Shape, output: Shape) => `${input.join('×')} → ${output.join('×')}`,
});

export const gru = {
  ...recurrent<Gru>('GRU', 3, 0),
  kind: 'gru',
  label: 'GRU',
  token: 'gru',
  help: 'Reads a sequence with a hidden state; gates decide what of it is replaced. The state is rounded at every position, so its error can build up.',
  schema: gruSchema,
  defaults: { kind: 'gru', ...defaults },
  stem: 'gru',
} satisfies LayerDescriptor<Gru>;

export const lstm = {
  ...recurrent<Lstm>('LSTM', 4, 1),
  kind: 'lstm',
  label: 'LSTM',
  token: 'lstm',
  help: 'Reads a sequence with a hidden state and a cell that remembers over long spans. Gates and hidden state are rounded; the cell is not: it trains as float and is deployed with 12 fractional bits.',
  schema: lstmSchema,
  defaults: { kind: 'lstm', ...defaults },
  stem: 'lstm',
} satisfies LayerDescriptor<Lstm>;
