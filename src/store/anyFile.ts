/** Files that were chosen or dropped, whatever they hold: runs, a sweep, an experiment, or data. */
import { type GivenFile, openAny } from './opening';
import { openRunsFile } from './runs/file';
import { openSweepFile } from './sweep/file';

/** Each takes a file that says it is of its kind, and answers whether it did. */
const kinds: readonly ((file: File) => Promise<boolean>)[] = [openRunsFile, openSweepFile];

export async function openGiven(files: GivenFile[]): Promise<void> {
  const [given] = files;
  if (files.length === 1 && given) for (const open of kinds) if (await open(given.file)) return;
  await openAny(files);
}
