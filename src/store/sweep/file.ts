/** A file that defines a sweep. */
import { maxSweepBytes, sweepFormat, sweepFromFile } from '@/experiment/sweep/definition';
import { alertPerson } from '../notices';
import { saysFormat } from '../runs/file';
import { useWorkspace } from '../workspace';
import { startRuns } from './sweep';

/** Starts the sweep of a file. Returns false if it is a file of another kind. */
export async function openSweepFile(file: File): Promise<boolean> {
  if (!(await saysFormat(file, sweepFormat))) return false;
  await readSweepFile(file);
  return true;
}

export async function readSweepFile(file: File): Promise<void> {
  if (file.size > maxSweepBytes)
    return alertPerson('sweep', `${file.name} is too large for a sweep file: the most is 2 MB.`);
  const text = await file.text().catch(() => undefined);
  if (text === undefined) return alertPerson('sweep', `${file.name} could not be read. Choose it again.`);
  const read = sweepFromFile(text, file.name);
  if (!read.ok) return alertPerson('sweep', read.message);
  if (await startRuns(read.experiments, read.sweep.name))
    useWorkspace.setState({ bench: 'sweep', benchOpen: true });
}
