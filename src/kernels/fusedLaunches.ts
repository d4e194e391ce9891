/**
 * Launches of a recorded step that are put together: one kernel instead of two that would write a tensor only for the other
 * to read it. The numbers are the same to the last bit, and a recorded step is compared with an eager one anyway.
 */
import { type ActivationName, activationNamed, activations } from './epilogue/activations';
import type { LaunchFunction } from './wasm';

/** Launches in order, and the arguments of each. What is no kernel of ours has the addresses that it reads and writes. */
export interface Launches {
  kernels: LaunchFunction[];
  values: number[][];
}
export type Kernels = ReadonlyMap<string, LaunchFunction>;

/** Bytes from an address on. */
type Range = readonly [from: number, bytes: number];

interface Fused {
  name: string;
  values: number[];
  /** Not written any more: what else mentions it forbids this. */
  dropped?: Range;
  /** Read later than before, or elsewhere: no launch in between may mention it. */
  untouched?: readonly Range[];
}

/** What two launches, one after the other or far apart, are together; undefined if these two do not belong together. */
type Rule = (first: readonly number[], second: readonly number[]) => Fused | undefined;

const within = (value: number, [from, bytes]: Range): boolean => value >= from && value < from + bytes;
const apart = (a: Range, b: Range): boolean => !within(a[0], b) && !within(b[0], a);

/** y is observed while it is made. In rows of whole vectors the values come in the order that they lie in. */
const observed =
  (name: string): Rule =>
  (first, second) => {
    const [, , , , y, , rows = 0, channels = 0] = first;
    const [x, state, size] = second;
    if (x !== y || size !== rows * channels || channels % 4 !== 0) return undefined;
    return { name: `${name}Observed`, values: [...first, state!] };
  };

/** The gradient passes rounding and activation function in one go. */
const gradientRounded =
  (name: string): Rule =>
  (first, second) => {
    const [dq = 0, x = 0, params = 0, settings = 0, dx = 0, size = 0, paramsOf] = first;
    const [dy, , , , , dacc = 0, dbias = 0, , rows = 0, channels = 0] = second;
    if (dy !== dx || paramsOf !== 1 || size !== rows * channels) return undefined;
    const bytes = 4 * size;
    const [given, latent]: Range[] = [
      [dq, bytes],
      [x, bytes],
    ];
    const small: Range[] = [
      [params, 16],
      [settings, 16],
    ];
    // Written at the place just read, or elsewhere.
    const fits = [given!, latent!].every(
      (read) => (read[0] === dacc || apart(read, [dacc, bytes])) && apart(read, [dbias, 4 * channels]),
    );
    const whole = small.every((read) => apart(read, [dacc, bytes]) && apart(read, [dbias, 4 * channels]));
    if (!fits || !whole) return undefined;
    return {
      name: `${name}Rounded`,
      values: [dq, ...second.slice(1), x, params, settings],
      dropped: [dx, bytes],
    };
  };

/** The gradient of rounded weights passes their rounding where Adam takes it. */
const adamRounded: Rule = (first, second) => {
  const [dq = 0, x, params = 0, settings = 0, dx = 0, size = 0, channels = 0] = first;
  const [w = 0, g, m = 0, v = 0, hyper = 0, count] = second;
  if (g !== dx || w !== x || count !== size || channels < 4) return undefined;
  const bytes = 4 * size;
  return {
    name: 'adamStepRounded',
    values: [w, dq, m, v, hyper, params, settings, size / channels, channels],
    dropped: [dx, bytes],
    untouched: [
      [dq, bytes],
      [w, bytes],
      [params, 16 * channels],
      [settings, 16],
    ],
  };
};

const named = Object.keys(activations).map((name) => activationNamed(name as ActivationName).wasm);

/** By the names of two launches side by side. */
const neighbours: ReadonlyMap<string, Rule> = new Map([
  ...named.map(({ forward }) => [`${forward} observeMinMax`, observed(forward)] as const),
  ...named.map(({ gradient }) => [`quantizeGradient ${gradient}`, gradientRounded(gradient)] as const),
]);
/** By the name of the first one, and that of the second, anywhere later. */
const distant = { first: 'quantizeGradient', second: 'adamStep', rule: adamRounded };

/**
 * The launches of a recording's segments with those put together that belong together.
 * @param kernels ours, by name
 * @param isRead whether someone outside may read the tensor at an address after a replay
 */
export function fuseLaunches(
  segments: readonly Launches[],
  kernels: Kernels,
  isRead: (address: number) => boolean,
): Launches[] {
  const nameOf = new Map([...kernels].map(([name, kernel]) => [kernel, name]));
  const list = segments.flatMap((segment, index) =>
    segment.kernels.map((kernel, i) => ({
      name: nameOf.get(kernel) ?? '',
      kernel,
      values: segment.values[i]!,
      segment: index,
      gone: false,
    })),
  );
  /** Whether launches from one place to another, both left out, have an argument in a range. */
  const mentioned = (range: Range, from: number, to: number): boolean =>
    list
      .slice(from + 1, to)
      .some(({ gone, values }) => !gone && values.some((value) => within(value >>> 0, range)));

  const join = (i: number, j: number, rule: Rule, into: number): void => {
    const [first, second] = [list[i]!, list[j]!];
    const unsigned = [first, second].map(({ values }) => values.map((value) => value >>> 0));
    const fused = rule(unsigned[0]!, unsigned[1]!);
    const kernel = fused && kernels.get(fused.name);
    if (!kernel) return;
    const { dropped, untouched = [] } = fused;
    if (dropped) {
      const elsewhere = mentioned(dropped, i, j) || mentioned(dropped, j, list.length);
      if (elsewhere || isRead(dropped[0])) return;
    }
    if (untouched.some((range) => mentioned(range, i, j))) return;
    Object.assign(list[into]!, { name: fused.name, kernel, values: fused.values });
    list[into === i ? j : i]!.gone = true;
  };

  for (let i = 0; i + 1 < list.length; i++) {
    const [first, second] = [list[i]!, list[i + 1]!];
    const rule = neighbours.get(`${first.name} ${second.name}`);
    // The joint launch takes the second place, so that it may be joined with what follows.
    if (rule && first.segment === second.segment) join(i, i + 1, rule, i + 1);
  }
  list.forEach(({ name, gone, values }, i) => {
    if (gone || name !== distant.first) return;
    const j = list.findIndex(
      (other, at) => at > i && other.name === distant.second && other.values[1] === values[4],
    );
    if (j > 0) join(i, j, distant.rule, j);
  });
  return segments.map((_, index) => {
    const left = list.filter(({ segment, gone }) => segment === index && !gone);
    return { kernels: left.map(({ kernel }) => kernel), values: left.map(({ values }) => values) };
  });
}
