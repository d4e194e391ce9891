/** An experiment as a file: JSON with the experiment spelled out, or plain text that holds a link. */
import { z } from 'zod';
import { type Decoded, decodeLink, encodeLink, maxLinkLength } from './link';
import { problemSentence } from './problem';
import { type Experiment, experimentSchema } from './schema';

const format = 'qat-playground/experiment';
const version = 1;

/** Largest file that is read, in bytes: ask a file for its size before reading its text. */
export const maxFileBytes = 1_000_000;

const headSchema = z.looseObject({ format: z.literal(format), version: z.int().min(1) });
const fileSchema = z.strictObject({
  format: z.literal(format),
  version: z.literal(version),
  /** The same experiment as a link, for people; what counts is `experiment`. */
  link: z.string().max(maxLinkLength).optional(),
  experiment: z.unknown(),
});

const longestName = 40;
/** A file's name as errors show it. */
const shown = (name: string) =>
  `“${name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name}”`;

/** JSON text of an experiment file, indented, with a line break at its end. */
export function experimentToFile(experiment: Experiment): string {
  const link = encodeLink(experiment);
  const file = {
    format,
    version,
    ...(link.length < maxLinkLength ? { link: `#${link}` } : {}),
    experiment,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromJson(text: string, name: string): Decoded {
  const refuse = (message: string): Decoded => ({ ok: false, message });
  const json = parseJson(text);
  if (json === undefined) return refuse(`${shown(name)} is not valid JSON: it may be cut off.`);
  const head = headSchema.safeParse(json);
  if (!head.success) return refuse(`${shown(name)} is JSON, but not an experiment of this playground.`);
  if (head.data.version !== version)
    return refuse(
      `${shown(name)} is of version ${head.data.version}, and this playground reads version ${version}.`,
    );
  const file = fileSchema.safeParse(json, { reportInput: true });
  if (!file.success) return refuse(problemSentence(shown(name), file.error));
  const parsed = experimentSchema.safeParse(file.data.experiment, { reportInput: true });
  return parsed.success
    ? { ok: true, experiment: parsed.data }
    : refuse(problemSentence(`${shown(name)}: the experiment`, parsed.error));
}

/**
 * Reads the text of a file: JSON as experimentToFile writes it, or plain text that is a link (an address, "#…" or the
 * bare fragment). Never throws for any text; the message is one sentence that names the file.
 */
export function experimentFromFile(text: string, name: string): Decoded {
  if (text.length > maxFileBytes)
    return {
      ok: false,
      message: `${shown(name)} is larger than 1 MB, the most that an experiment file may have.`,
    };
  const content = text.trim();
  if (content.startsWith('{')) return fromJson(content, name);
  if (!/(^|#)[a-z]+=/.test(content.slice(0, 2000)))
    return { ok: false, message: `${shown(name)} holds neither an experiment nor a link to one.` };
  const decoded = decodeLink(content);
  return decoded.ok ? decoded : { ok: false, message: `${shown(name)}: ${decoded.message}` };
}
