/**
 * An experiment as the fragment of a link, and back. The grammar is docs/link-format.md. Links are untrusted: their
 * length is limited before anything is read, keys and words come from closed lists, and the schema checks the result.
 */
import { problemSentence } from '../problem';
import { type Experiment, experimentSchema } from '../schema';
import { LinkError, quote } from './error';
import * as v1 from './v1';

/** Above this many characters the page offers a file in place of a link. */
export const maxLinkLength = 8000;
/** Longest text that is read at all; a link in a file may be long. */
export const maxLinkText = 100_000;

export type Decoded = { ok: true; experiment: Experiment } | { ok: false; message: string };

interface Version {
  write(experiment: Experiment): [key: string, text: string][];
  read(pairs: ReadonlyMap<string, string>): Record<string, unknown>;
}
/** One reader for each version that was ever published. */
const versions: ReadonlyMap<string, Version> = new Map([['1', v1]]);
const newest = '1';
const versionKey = 'v';

/** The fragment that describes this experiment, without "#"; equal experiments give equal links. */
export function encodeLink(experiment: Experiment): string {
  const written: [string, string][] = [[versionKey, newest], ...v1.write(experiment)];
  return written.map((pair) => pair.join('=')).join('&');
}

function pairsOf(fragment: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of fragment.split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new LinkError(`The link has a part that is not key=value: ${quote(pair)}.`);
    const key = pair.slice(0, equals);
    if (pairs.has(key)) throw new LinkError(`The link has its part ${quote(key)} twice.`);
    pairs.set(key, pair.slice(equals + 1));
  }
  return pairs;
}

function read(text: string): Decoded {
  if (text.length > maxLinkText)
    throw new LinkError(
      `The link has ${text.length.toLocaleString('en')} characters; the most is ${maxLinkText.toLocaleString('en')}.`,
    );
  const trimmed = text.trim();
  if (/^[a-z]+:\/\/[^#]*$/i.test(trimmed))
    throw new LinkError('The address holds no experiment: it has no part that begins with “#”.');
  const fragment = trimmed.slice(trimmed.indexOf('#') + 1);
  if (fragment === '') throw new LinkError('The link is empty: nothing follows its “#”.');
  const pairs = pairsOf(fragment);
  const number = pairs.get(versionKey);
  if (number === undefined) throw new LinkError(`The link does not say its version (“${versionKey}=”).`);
  const version = versions.get(number);
  if (!version)
    throw new LinkError(
      `The link is of version ${quote(number)}, and this playground reads version ${[...versions.keys()].join(', ')}.`,
    );
  pairs.delete(versionKey);
  const parsed = experimentSchema.safeParse({ version: 1, ...version.read(pairs) }, { reportInput: true });
  return parsed.success
    ? { ok: true, experiment: parsed.data }
    : { ok: false, message: problemSentence('The link', parsed.error) };
}

/**
 * Reads a full address, "#…" or the bare fragment. Never throws for any text; the message is one sentence for the
 * person that says what is wrong and where.
 */
export function decodeLink(text: string): Decoded {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof LinkError) return { ok: false, message: error.message };
    throw error;
  }
}
