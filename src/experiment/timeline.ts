/**
 * The timeline of a run as something to take hold of: the moments of its plan and the changes made by hand, each with the
 * steps and widths that it may be moved to. Moving one gives another plan, or other changes; nothing here is mutated.
 */
import { type Bits, bitWidths } from '@/catalog/bits';
import { maxSteps } from '@/catalog/stop';
import { maxPoints, type PlanEntry, type PlanKind } from './plan';
import { addressee, planWords } from './planWords';
import type { Change, Experiment } from './schema';

type Of<K extends PlanKind> = Extract<PlanEntry, { kind: K }>;
export type Timeline = Pick<Experiment, 'plan' | 'changes'>;

/** One moment of an entry. */
interface Grip<E> {
  step: number;
  /** Steps that it may be moved to. */
  least: number;
  most: number;
  /** What happens there, in words. */
  words: string;
  /** One or two characters where there is no width to show. */
  sign?: string;
  bits?: Bits;
  /** Widths that it may have, from few to many. */
  widths?: readonly Bits[];
  move(step: number): E;
  widen?(bits: Bits): E;
  /** Undefined: the entry goes. */
  remove(): E | undefined;
}

const rising = [...bitWidths].reverse();
const between = (low: number, high: number) => rising.filter((bits) => bits >= low && bits <= high);

const grips: { [K in PlanKind]: (entry: Of<K>) => Grip<Of<K>>[] } = {
  steps: (entry) =>
    entry.points.map(({ step, bits }, i) => {
      const put = (part: Partial<(typeof entry)['points'][number]>) => ({
        ...entry,
        points: entry.points.with(i, { step, bits, ...part }),
      });
      return {
        ...{ step, bits, widths: rising, words: 'these bits from here on' },
        least: (entry.points[i - 1]?.step ?? -1) + 1,
        most: (entry.points[i + 1]?.step ?? maxSteps + 1) - 1,
        move: (to) => put({ step: to }),
        widen: (to) => put({ bits: to }),
        remove: () =>
          entry.points.length > 1 ? { ...entry, points: entry.points.toSpliced(i, 1) } : undefined,
      };
    }),
  linear: (entry) => [
    {
      ...{ step: entry.from, least: 0, most: entry.to - 1, bits: entry.start, widths: between(1, 8) },
      words: 'the line begins',
      move: (from) => ({ ...entry, from }),
      widen: (start) => ({ ...entry, start }),
      remove: () => undefined,
    },
    {
      ...{ step: entry.to, least: entry.from + 1, most: maxSteps, bits: entry.end, widths: between(1, 8) },
      words: 'the line ends',
      move: (to) => ({ ...entry, to }),
      widen: (end) => ({ ...entry, end }),
      remove: () => undefined,
    },
  ],
  cyclic: (entry) => [
    {
      ...{
        step: entry.from,
        least: 0,
        most: entry.to - 1,
        bits: entry.low,
        widths: between(1, entry.high - 1),
      },
      words: 'the cycles begin, at their low width',
      move: (from) => ({ ...entry, from }),
      widen: (low) => ({ ...entry, low }),
      remove: () => undefined,
    },
    {
      ...{ step: entry.to, least: entry.from + 1, most: maxSteps, bits: entry.high },
      widths: between(entry.low + 1, 8),
      words: 'the cycles end, at their high width',
      move: (to) => ({ ...entry, to }),
      widen: (high) => ({ ...entry, high }),
      remove: () => undefined,
    },
  ],
  late: (entry) => [
    {
      ...{ step: entry.until, least: 1, most: maxSteps, sign: 'Q', words: 'QAT begins' },
      move: (until) => ({ ...entry, until }),
      remove: () => undefined,
    },
  ],
  hybrid: (entry) => [
    {
      ...{ step: entry.until, least: 1, most: entry.train, sign: 'P', words: 'PTQ’s result is taken' },
      move: (until) => ({ ...entry, until }),
      remove: () => undefined,
    },
    {
      ...{ step: entry.train, least: entry.until, most: maxSteps, sign: 'Q', words: 'QAT begins' },
      move: (train) => ({ ...entry, train }),
      remove: () => undefined,
    },
  ],
  observers: (entry) => [
    {
      ...{ step: entry.step, least: 1, most: maxSteps, sign: 'R', words: 'observers are frozen' },
      move: (step) => ({ ...entry, step }),
      remove: () => undefined,
    },
  ],
  batchNorm: (entry) => [
    {
      ...{ step: entry.step, least: 1, most: maxSteps, sign: 'N', words: 'batch norm is frozen' },
      move: (step) => ({ ...entry, step }),
      remove: () => undefined,
    },
  ],
};
const gripsOf = (entry: PlanEntry) => grips[entry.kind](entry as never) as Grip<PlanEntry>[];

/** Something on the timeline that can be taken hold of. */
export interface Handle extends Omit<Grip<unknown>, 'move' | 'widen' | 'remove'> {
  /** Stays the same while it is moved. */
  id: string;
  /** Made by hand: these, all of one step. */
  made?: readonly Change[];
  /** Layers that it drives; absent: all. */
  layers?: readonly string[];
  move(step: number): Timeline;
  widen?(bits: Bits): Timeline;
  remove(): Timeline;
}

function planHandles({ plan = [], changes }: Timeline): Handle[] {
  const withEntry = (index: number, entry: PlanEntry | undefined): Timeline => {
    const next = entry ? plan.with(index, entry) : plan.toSpliced(index, 1);
    return next.length > 0 ? { plan: next, changes } : { changes };
  };
  return plan.flatMap((entry, index) =>
    gripsOf(entry).map((grip, i): Handle => {
      const { widen } = grip;
      const of = addressee(entry);
      return {
        ...grip,
        id: `plan/${index}/${i}`,
        words: `${planWords[entry.kind].label}${of && `, ${of}`}: ${grip.words}`,
        ...('layers' in entry && entry.layers ? { layers: entry.layers } : {}),
        move: (step) => withEntry(index, grip.move(step)),
        ...(widen ? { widen: (bits: Bits) => withEntry(index, widen(bits)) } : {}),
        remove: () => withEntry(index, grip.remove()),
      } as Handle;
    }),
  );
}

/** The width that changes of one step have in common. */
function commonBits(made: readonly Change[]): Bits | undefined {
  const [first] = made;
  return first?.kind === 'bits' && made.every((one) => one.kind === 'bits' && one.bits === first.bits)
    ? first.bits
    : undefined;
}

function handmade({ plan, changes }: Timeline): Handle[] {
  const steps = [...new Set(changes.map(({ step }) => step))];
  const put = (step: number, make: (change: Change) => Change[]): Timeline => ({
    ...(plan ? { plan } : {}),
    changes: changes.flatMap((change) => (change.step === step ? make(change) : [change])),
  });
  return steps.map((step, i): Handle => {
    const made = changes.filter((change) => change.step === step);
    const bits = commonBits(made);
    return {
      ...{ id: `hand/${i}`, step, made, words: 'Made by hand', sign: '•' },
      least: (steps[i - 1] ?? 0) + 1,
      most: (steps[i + 1] ?? maxSteps + 1) - 1,
      ...(made.every((change) => 'layer' in change)
        ? { layers: [...new Set(made.flatMap((change) => ('layer' in change ? [change.layer] : [])))] }
        : {}),
      move: (to) => put(step, (change) => [{ ...change, step: to }]),
      ...(bits === undefined
        ? {}
        : {
            bits,
            widths: rising,
            widen: (to: Bits) => put(step, (change) => [{ ...change, bits: to } as Change]),
          }),
      remove: () => put(step, () => []),
    };
  });
}

/** Everything on the timeline that can be taken hold of, in order of steps. */
export const handlesOf = (timeline: Timeline): Handle[] =>
  [...planHandles(timeline), ...handmade(timeline)].sort((a, b) => a.step - b.step);

/** Handle of an id moved to a step, held to what it may be. */
export const moved = (handle: Handle, step: number): Timeline =>
  handle.move(Math.max(handle.least, Math.min(handle.most, Math.round(step))));

/** The next width up or down, or undefined at the end. */
export function nextWidth({ bits, widths = [] }: Handle, by: 1 | -1): Bits | undefined {
  const at = widths.indexOf(bits as Bits);
  return at < 0 ? undefined : widths[at + by];
}

/** "0: 8, 500: 4" of a stepwise schedule, and back; undefined where the text says something else. */
export const pointsText = (points: Of<'steps'>['points']): string =>
  points.map(({ step, bits }) => `${step}: ${bits}`).join(', ');
export function parsePoints(text: string): Of<'steps'>['points'] | undefined {
  const parts = text.split(/[,;]/).filter((part) => part.trim() !== '');
  const points = parts.map((part) => {
    const found = /^\s*(\d{1,7})\s*[:\s]\s*(\d{1,2})\s*$/.exec(part);
    const [step, bits] = [Number(found?.[1]), Number(found?.[2]) as Bits];
    return found && step <= maxSteps && bitWidths.includes(bits) ? [{ step, bits }] : [];
  });
  const flat = points.flat();
  const good = flat.length === parts.length && flat.length > 0 && flat.length <= maxPoints;
  return good && flat.every(({ step }, i) => i === 0 || step > flat[i - 1]!.step) ? flat : undefined;
}

/** A timeline that was changed by hand from `base`, with the changes that the run has recorded since then. */
export function withRecorded(next: Timeline, base: Timeline, now: Timeline): Timeline {
  const recorded = now.changes.filter((change) => !base.changes.includes(change));
  if (recorded.length === 0) return next;
  return { ...next, changes: [...next.changes, ...recorded].sort((a, b) => a.step - b.step) };
}
