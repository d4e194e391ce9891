/** What a site chooses beside its quantizer: how many scales, which range, gradient, rounding; what about oscillation. */

/** A scale for each group of so many weights. */
const groupsOf = <const Size extends number>(size: Size) => ({
  label: `per group of ${size}`,
  token: `g${size}` as const,
  help: `One scale for every ${size} weights along the inputs of an output channel, 4 bytes apiece. Sums over groups are no integers: weights are stored in few bits and multiplied in float.`,
  groupSize: size,
});

export const granularities = {
  channel: {
    label: 'per channel',
    token: 'pc',
    help: 'One scale for each output channel, 4 bytes apiece: a channel of small weights gets a finer grid.',
  },
  tensor: { label: 'per tensor', token: 'pt', help: 'One scale for all weights of the layer.' },
  group16: groupsOf(16),
  group32: groupsOf(32),
  group64: groupsOf(64),
  group128: groupsOf(128),
} as const;
export type Granularity = keyof typeof granularities;

/** Weights in a group of this granularity; undefined where scales belong to channels or the tensor. */
export function groupSizeOf(granularity: Granularity) {
  const entry = granularities[granularity];
  return 'groupSize' in entry ? entry.groupSize : undefined;
}

export const weightRanges = {
  narrow: {
    label: 'narrow',
    token: 'nr',
    help: 'As many levels below 0 as above: 2ⁿ − 1 of them, so that n-bit weights can be negated.',
  },
  full: {
    label: 'full',
    token: 'fr',
    help: 'All 2ⁿ levels of a signed integer, one more below 0 than above.',
  },
} as const;
export type WeightRange = keyof typeof weightRanges;

/** How the gradient passes the rounding, whose own derivative is 0 almost everywhere. */
export const estimators = {
  ste: {
    label: 'straight-through',
    token: 'ste',
    help: 'The gradient passes the rounding unchanged, and is 0 where the value was clipped (Bengio et al. 2013).',
  },
  ewgs: {
    label: 'EWGS',
    token: 'ewgs',
    help: 'Element-wise gradient scaling: the gradient is made up to a tenth larger or smaller by the rounding error, so that values drift to the level they round to (Lee et al. 2021).',
  },
  soft: {
    label: 'soft tanh',
    token: 'soft',
    help: 'The derivative of a smooth staircase made of tanh: large halfway between two levels, small on them (Gong et al. 2019).',
  },
  none: {
    label: 'none',
    token: 'nograd',
    help: 'The true derivative of rounding, 0: nothing before the rounding learns. To show why an estimator is needed.',
  },
} as const;
export type Estimator = keyof typeof estimators;

export const roundings = {
  even: { label: 'to nearest', token: 'even', help: 'To the nearest level; halfway, to the even one.' },
  stochastic: {
    label: 'stochastic',
    token: 'sr',
    help: 'While training, up or down by chance, in proportion to the distance, so that the mean is exact. Evaluation rounds to nearest.',
  },
} as const;
export type Rounding = keyof typeof roundings;

/** What a learned bit costs: the λ that the loss must fall by for a bit of all weights to be kept. */
const penaltyOf = (label: string, strength: number) => ({
  label,
  token: label,
  help: `A bit is kept where it lowers the loss by more than ${strength}, per bit of the mean width of all weights.`,
  strength,
});
export const penalties = {
  light: penaltyOf('light', 0.001),
  medium: penaltyOf('medium', 0.005),
  strong: penaltyOf('strong', 0.02),
} as const;
export type Penalty = keyof typeof penalties;

/** What is done about weights that turn back and forth between two levels. */
export const oscillations = {
  free: {
    label: 'free',
    token: 'free',
    help: 'Nothing is done: a weight near a threshold may be pushed over it and back again for the rest of the run.',
  },
  damp: {
    label: 'damp',
    token: 'damp',
    help: 'λ Σ (Q(w) − w)² joins the loss and draws weights to the middle of their level, away from thresholds. λ rises to 0.01 over 1,000 steps from when this is chosen (Nagel et al. 2022).',
  },
  freeze: {
    label: 'freeze',
    token: 'freeze',
    help: 'A weight that turns back in more than 2 % of steps is set on the level where it mostly was and learns no more (Nagel et al. 2022). Best late: chosen at the start it freezes most of the network.',
  },
} as const;
export type Oscillation = keyof typeof oscillations;
