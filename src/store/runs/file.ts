/** Kept runs as one file, and back. Nothing of a file is taken unless all of it is good. */
import { z } from 'zod';
import { problemSentence } from '@/experiment/problem';
import { alertPerson, dismiss, notify } from '../notices';
import { change, hasRoom } from './actions';
import { maxRuns, type Run, runSchema } from './record';
import { useRuns } from './runs';

const format = 'qat-playground/runs';
const version = 1;
/** Largest file that is read, in bytes. */
export const maxRunsBytes = 50_000_000;

const headSchema = z.looseObject({ format: z.literal(format), version: z.int().min(1) });
const fileSchema = z.strictObject({
  format: z.literal(format),
  version: z.literal(version),
  runs: z.array(z.unknown()).max(maxRuns),
});

export const runsToFile = (runs: readonly Run[]): string => `${JSON.stringify({ format, version, runs })}\n`;

export type RunsRead = { ok: true; runs: Run[] } | { ok: false; message: string };

/** Reads the text of a runs file. Never throws for any text; the message is one sentence that names the file. */
export function runsFromFile(text: string, name: string): RunsRead {
  const subject = `“${name.length > 40 ? `${name.slice(0, 39)}…` : name}”`;
  const refuse = (message: string): RunsRead => ({ ok: false, message });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse(`${subject} is not valid JSON: it may be cut off. No run was added.`);
  }
  const head = headSchema.safeParse(json);
  if (!head.success) return refuse(`${subject} is JSON, but does not hold runs of this playground.`);
  if (head.data.version !== version)
    return refuse(
      `${subject} is of version ${head.data.version}, and this playground reads version ${version}.`,
    );
  const file = fileSchema.safeParse(json, { reportInput: true });
  if (!file.success) return refuse(problemSentence(subject, file.error));
  const runs: Run[] = [];
  for (const [i, value] of file.data.runs.entries()) {
    const run = runSchema.safeParse(value, { reportInput: true });
    if (!run.success) return refuse(problemSentence(`${subject}: run ${i + 1}`, run.error));
    runs.push(run.data);
  }
  if (new Set(runs.map(({ id }) => id)).size < runs.length)
    return refuse(`${subject} holds two runs of the same id.`);
  return { ok: true, runs };
}

/** Adds the runs of a file to those that are here. */
export async function importRuns(file: File): Promise<void> {
  if (file.size > maxRunsBytes)
    return alertPerson('runs', `${file.name} is too large for a runs file: the most is 50 MB.`);
  const text = await file.text().catch(() => undefined);
  if (text === undefined) return alertPerson('runs', `${file.name} could not be read. Choose it again.`);
  const read = runsFromFile(text, file.name);
  if (!read.ok) return alertPerson('runs', read.message);
  const known = new Set(useRuns.getState().runs.map(({ id }) => id));
  const added = read.runs.filter(({ id }) => !known.has(id));
  if (!hasRoom(added.length)) return;
  dismiss('runs');
  await change(added);
  const here = read.runs.length - added.length;
  notify({
    key: 'runs',
    tone: 'note',
    text: `${added.length === 1 ? 'One run was' : `${added.length} runs were`} added${here > 0 ? `; ${here} ${here === 1 ? 'was' : 'were'} here already` : ''}.`,
  });
}

/** Whether a file says at its start that it is of some format. */
export const saysFormat = async (file: File, wanted: string): Promise<boolean> =>
  (
    await file
      .slice(0, 200)
      .text()
      .catch(() => '')
  ).includes(`"${wanted}"`);

/** Adds the runs of a file if it is one of runs. */
export async function openRunsFile(file: File): Promise<boolean> {
  if (!(await saysFormat(file, format))) return false;
  await importRuns(file);
  return true;
}
