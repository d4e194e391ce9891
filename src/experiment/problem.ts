/** A failed validation as one sentence: where in the link or file, and what is wrong there. */
import type { z } from 'zod';

/** What the page calls the experiment's parts. */
export const placeNames = {
  version: 'version',
  seed: 'seed',
  dataset: 'dataset',
  input: 'input',
  layers: 'network',
  optimizer: 'optimizer',
  batchNorm: 'batch norm',
  observers: 'observers',
  held: 'layers held still',
  plan: 'plan',
  ptq: 'PTQ',
  distillation: 'distillation',
  batchSize: 'batch size',
  stop: 'stop condition',
  changes: 'changes',
} as const;
export type Place = keyof typeof placeNames;

/** What the entries of a list are called. */
const entryNames: Partial<Record<string, string>> = { layers: 'layer', changes: 'change', plan: 'entry' };

/** "testShare" as "test share". */
const spoken = (key: string) => key.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);

/** "network, layer 2, units" */
function placeOf(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map(String);
  if (first === undefined) return '';
  const entry = entryNames[first];
  return [
    Object.hasOwn(placeNames, first) ? placeNames[first as Place] : spoken(first),
    ...rest.map((key, depth) =>
      entry && depth === 0 && /^\d+$/.test(key) ? `${entry} ${Number(key) + 1}` : spoken(key),
    ),
  ].join(', ');
}

/** [one, several] of what a length counts. */
const things: Partial<Record<string, [string, string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
};
/** "be at most 1,024", "have at least 1 entry" */
function bound(compare: string, limit: unknown, origin: string): string {
  const number =
    typeof limit === 'number' ? limit.toLocaleString('en', { maximumFractionDigits: 9 }) : `${limit}`;
  const thing = things[origin];
  return thing ? `have ${compare} ${number} ${thing[limit === 1 ? 0 : 1]}` : `be ${compare} ${number}`;
}

type Issue = z.core.$ZodIssue;
/** The rest of the sentence "The link's batch size …" for each of zod's codes. */
const predicates: { [C in Issue['code']]?: (issue: Extract<Issue, { code: C }>) => string } = {
  too_big: ({ maximum, origin, inclusive }) =>
    `must ${bound(inclusive === false ? 'less than' : 'at most', maximum, origin)}`,
  too_small: ({ minimum, origin, inclusive }) =>
    `must ${bound(inclusive === false ? 'more than' : 'at least', minimum, origin)}`,
  invalid_type: ({ expected, input }) =>
    input === undefined
      ? 'is missing'
      : expected === 'int'
        ? 'must be a whole number'
        : `must be ${/^[aeiou]/.test(expected) ? 'an' : 'a'} ${expected}`,
  invalid_value: ({ values }) =>
    `must be ${values.length > 1 ? 'one of ' : ''}${values.map(String).join(', ')}`,
  unrecognized_keys: () => 'has an entry that is not known here',
};

/**
 * The first problem of a validation that failed, as a sentence without any of the input.
 * @param subject what was validated: "The link"
 */
export function problemSentence(subject: string, { issues }: z.ZodError): string {
  const first = issues[0];
  // Of several limits that one value breaks, zod names the narrowest last.
  const issue = issues.findLast((each) => each.code === first?.code && `${each.path}` === `${first?.path}`);
  if (!issue) return `${subject} holds no experiment.`;
  const place = placeOf(issue.path);
  const where = place === '' ? subject : `${subject}’s ${place}`;
  if (issue.code === 'custom') return `${where}: ${issue.message}`;
  const predicate = predicates[issue.code] as ((issue: Issue) => string) | undefined;
  return `${where} ${predicate?.(issue) ?? 'is not written as it should be'}.`;
}
