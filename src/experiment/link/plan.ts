/**
 * A precision plan as text, "steps;w;0-8,1000-4_obs;2000", and PTQ's settings, "n1024;kl;dense2-mse;cle;ada". Every kind
 * of entry has one codec; absent parts mean what an experiment without them means.
 */

import {
  maxEntries,
  maxPoints,
  type Plan,
  type PlanEntry,
  type PlanKind,
  type SpeaksTo,
  speaksTo,
} from '../plan';
import {
  calibrationMethods,
  calibrationSamples,
  type Preparation,
  type PtqSettings,
  preparations,
} from '../ptq';
import { LinkError, quote } from './error';
import { fieldSeparator, keyOfToken, readNumber } from './record';

const entrySeparator = '_';
const listSeparator = ',';
type Of<K extends PlanKind> = Extract<PlanEntry, { kind: K }>;

interface EntryCodec<K extends PlanKind> {
  token: string;
  write(entry: Of<K>): (string | number)[];
  read(fields: Fields): Omit<Of<K>, 'kind'>;
}

/** The fields of one entry, read from left to right. */
class Fields {
  private next = 0;
  constructor(
    private readonly texts: readonly string[],
    readonly place: string,
  ) {}
  /** What comes next, or undefined at the end. */
  peek(): string | undefined {
    return this.texts[this.next];
  }
  text(what: string): string {
    const text = this.texts[this.next++];
    if (text === undefined) throw new LinkError(`${this.place} has no ${what}.`);
    return text;
  }
  number(what: string): number {
    return readNumber(this.text(what), `${this.place}, ${what}`);
  }
  /** "a-b" */
  pair(what: string): [number, number] {
    return pairOf(this.text(what), `${this.place}, ${what}`);
  }
  end(): void {
    const more = this.peek();
    if (more !== undefined)
      throw new LinkError(`${this.place} has a part that is not known here: ${quote(more)}.`);
  }
}

function pairOf(text: string, place: string): [number, number] {
  const parts = text.split('-');
  if (parts.length !== 2) throw new LinkError(`${place}: ${quote(text)} is not two numbers.`);
  return [readNumber(parts[0]!, place), readNumber(parts[1]!, place)];
}

interface Driven {
  of: SpeaksTo;
  layers?: string[] | undefined;
}
const writeDriven = ({ of, layers }: Driven): string[] => [
  speaksTo[of].token,
  ...(layers ? [layers.join(listSeparator)] : []),
];
function readDriven(fields: Fields): Driven {
  const token = fields.text('sites');
  const of = keyOfToken(speaksTo, token) as SpeaksTo | undefined;
  if (of === undefined)
    throw new LinkError(`${fields.place} drives sites that are not known here: ${quote(token)}.`);
  const next = fields.peek();
  return next && /^[a-z]/.test(next)
    ? { of, layers: fields.text('layers').split(listSeparator, 41) }
    : { of };
}

const codecs: { [K in PlanKind]: EntryCodec<K> } = {
  steps: {
    token: 'steps',
    write: (entry) => [
      ...writeDriven(entry),
      entry.points.map(({ step, bits }) => `${step}-${bits}`).join(listSeparator),
    ],
    read(fields) {
      const driven = readDriven(fields);
      const points = fields
        .text('points')
        .split(listSeparator, maxPoints + 1)
        .map((text) => {
          const [step, bits] = pairOf(text, `${fields.place}, points`);
          return { step, bits: bits as Of<'steps'>['points'][number]['bits'] };
        });
      return { ...driven, points };
    },
  },
  linear: {
    token: 'linear',
    write: (entry) => [...writeDriven(entry), `${entry.from}-${entry.to}`, `${entry.start}-${entry.end}`],
    read(fields) {
      const driven = readDriven(fields);
      const [from, to] = fields.pair('steps');
      const [start, end] = fields.pair('bits') as [Of<'linear'>['start'], Of<'linear'>['end']];
      return { ...driven, from, to, start, end };
    },
  },
  cyclic: {
    token: 'cyclic',
    write: (entry) => [
      ...writeDriven(entry),
      `${entry.from}-${entry.to}`,
      `${entry.low}-${entry.high}`,
      entry.cycles,
    ],
    read(fields) {
      const driven = readDriven(fields);
      const [from, to] = fields.pair('steps');
      const [low, high] = fields.pair('bits') as [Of<'cyclic'>['low'], Of<'cyclic'>['high']];
      return { ...driven, from, to, low, high, cycles: fields.number('cycles') };
    },
  },
  late: {
    token: 'late',
    write: ({ until }) => [until],
    read: (fields) => ({ until: fields.number('step') }),
  },
  hybrid: {
    token: 'hybrid',
    write: ({ until, train }) => [until, ...(train === until ? [] : [train])],
    read(fields) {
      const until = fields.number('step');
      return { until, train: fields.peek() === undefined ? until : fields.number('step') };
    },
  },
  observers: {
    token: 'obs',
    write: ({ step }) => [step],
    read: (fields) => ({ step: fields.number('step') }),
  },
  batchNorm: {
    token: 'bn',
    write: ({ step }) => [step],
    read: (fields) => ({ step: fields.number('step') }),
  },
};
const codecOf = (kind: PlanKind) => codecs[kind] as unknown as EntryCodec<PlanKind>;

export const writePlan = (plan: Plan | undefined): string | undefined =>
  plan
    ?.map((entry) => {
      const { token, write } = codecOf(entry.kind);
      return [token, ...write(entry)].join(fieldSeparator);
    })
    .join(entrySeparator);

/** @throws LinkError at the first entry that cannot be read */
export function readPlan(text: string, place: string): Record<string, unknown>[] {
  return text.split(entrySeparator, maxEntries + 1).map((entry, index) => {
    const inside = `${place}, entry ${index + 1}`;
    const [token = '', ...texts] = entry.split(fieldSeparator);
    const kind = keyOfToken(codecs, token) as PlanKind | undefined;
    if (kind === undefined)
      throw new LinkError(`${inside} is of a kind that is not known here: ${quote(token)}.`);
    const fields = new Fields(texts, inside);
    const read = codecOf(kind).read(fields);
    fields.end();
    return { kind, ...read };
  });
}

export function writePtq(ptq: PtqSettings | undefined): string | undefined {
  if (!ptq) return undefined;
  const { samples, method, methods = {} } = ptq;
  return [
    `n${samples}`,
    ...(method === 'own' ? [] : [calibrationMethods[method].token]),
    ...Object.keys(methods)
      .sort()
      .map((layer) => `${layer}-${calibrationMethods[methods[layer]!].token}`),
    ...(Object.keys(preparations) as Preparation[]).flatMap((key) =>
      ptq[key] ? [preparations[key].token] : [],
    ),
  ].join(fieldSeparator);
}

/** @throws LinkError at the first part that cannot be read */
export function readPtq(text: string, place: string): Record<string, unknown> {
  const ptq: Record<string, unknown> = { samples: calibrationSamples, method: 'own' };
  const methods = new Map<string, string>();
  for (const part of text.split(fieldSeparator, 64)) {
    const method = keyOfToken(calibrationMethods, part);
    const preparation = keyOfToken(preparations, part);
    const [layer = '', token] = part.split('-', 2);
    const own = token === undefined ? undefined : keyOfToken(calibrationMethods, token);
    if (/^n[0-9]+$/.test(part)) ptq.samples = readNumber(part.slice(1), `${place}, samples`);
    else if (method !== undefined) ptq.method = method;
    else if (preparation !== undefined) ptq[preparation] = true;
    else if (own !== undefined && /^[a-z]{1,12}[0-9]{0,2}$/.test(layer)) methods.set(layer, own);
    else throw new LinkError(`${place} have a part that is not known here: ${quote(part)}.`);
  }
  if (methods.size > 0) ptq.methods = Object.fromEntries(methods);
  return ptq;
}
