/** Opening what comes from outside: links, experiment files, the person's own data. Nothing is replaced before it is valid. */
import { create } from 'zustand';
import type { OwnSpec } from '@/catalog/datasets';
import type { Dataset } from '@/data/dataset';
import { experimentFromFile, maxFileBytes } from '@/experiment/file';
import { decodeLink } from '@/experiment/link';
import { experimentFor } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { useExperiment } from './experiment';
import { alertPerson, dismiss } from './notices';
import { readDataset, writeDataset } from './persistence';
import { ownData, restart, session } from './session';

export interface OpeningState {
  /** Names of the files being read. */
  reading: string | null;
  /** A table whose label column is to be chosen. */
  chooser: { files: File[]; name: string; columns: string[]; sample: string[][] } | null;
  /** An experiment that waits for the person's own file. */
  wanted: { experiment: Experiment; spec: OwnSpec; reason: string; problem?: string } | null;
}

export const useOpening = create<OpeningState>()(() => ({ reading: null, chooser: null, wanted: null }));

/** Only the newest opening counts. */
let turn = 0;

/** Loads an experiment from a link or file, paused; own data come from this browser's store, or are asked for. */
export async function openExperiment(experiment: Experiment, reason: string): Promise<void> {
  const mine = ++turn;
  const { dataset: spec } = experiment;
  useOpening.setState({ reading: null, chooser: null, wanted: null });
  if (spec.kind === 'own' && !(await haveData(spec))) {
    if (mine === turn) useOpening.setState({ wanted: { experiment, spec, reason } });
    return;
  }
  if (mine === turn) restart(experiment, reason, true);
}

/** Whether the data set is in memory, or could be taken from the browser's store. */
export async function haveData(spec: OwnSpec): Promise<boolean> {
  if (ownData.has(spec.hash)) return true;
  const dataset = await readDataset(spec.hash).catch(() => undefined);
  if (dataset) ownData.set(spec.hash, dataset);
  return dataset !== undefined;
}

/** Opens a link's text. Returns whether it was a link that can be used. */
export function openLink(text: string): boolean {
  const decoded = decodeLink(text);
  if (!decoded.ok) {
    alertPerson('open', decoded.message);
    return false;
  }
  dismiss('open');
  void openExperiment(decoded.experiment, 'The link was opened.');
  return true;
}

const isExperimentFile = ({ name, type }: File) =>
  /\.(json|txt|url)$/i.test(name) || type === 'application/json';

/** Files that were chosen or dropped: an experiment, or data. */
export async function openAny(files: File[]): Promise<void> {
  const [file] = files;
  if (!file) return;
  if (files.length === 1 && isExperimentFile(file)) await openExperimentFile(file);
  else await openData(files);
}

export async function openExperimentFile(file: File): Promise<void> {
  if (file.size > maxFileBytes)
    return alertPerson('open', `${file.name} is too large for an experiment file: the most is 1 MB.`);
  const text = await file.text().catch(() => undefined);
  if (text === undefined) return alertPerson('open', `${file.name} could not be read. Choose it again.`);
  const read = experimentFromFile(text, file.name);
  if (!read.ok) return alertPerson('open', read.message);
  dismiss('open');
  await openExperiment(read.experiment, `${file.name} was opened.`);
}

/** Reads data files in the worker; the data set in use stays until they are known to be good. */
export async function openData(files: File[], labelColumn?: number): Promise<void> {
  const mine = ++turn;
  const { wanted } = useOpening.getState();
  const column = labelColumn ?? wanted?.spec.label;
  useOpening.setState({ reading: files.map(({ name }) => name).join(', '), chooser: null });
  const answer = await session().open(files, column);
  if (mine !== turn) return;
  useOpening.setState({ reading: null });
  if (answer.type === 'failed') {
    if (wanted) useOpening.setState({ wanted: { ...wanted, problem: answer.failure.message } });
    return alertPerson('open', answer.failure.message);
  }
  if (answer.type === 'columns') {
    const { name, columns, sample } = answer;
    return useOpening.setState({ chooser: { files, name, columns, sample } });
  }
  dismiss('open');
  takeData(answer.spec, answer.dataset, wanted);
}

function takeData(spec: OwnSpec, dataset: Dataset, wanted: OpeningState['wanted']): void {
  if (wanted && wanted.spec.hash !== spec.hash) {
    const problem = `${spec.name} is another file: its contents are not those of ${wanted.spec.name}.`;
    useOpening.setState({ wanted: { ...wanted, problem } });
    return;
  }
  ownData.set(spec.hash, dataset);
  void writeDataset(spec.hash, dataset).catch(() => undefined); // too large to keep: asked for after a reload
  useOpening.setState({ wanted: null });
  const { seed } = useExperiment.getState().experiment;
  if (wanted) restart(wanted.experiment, wanted.reason, true);
  else restart(experimentFor(spec, seed), `${spec.name} was opened.`, true);
}

export const cancelOpening = (): void => {
  turn++;
  useOpening.setState({ reading: null, chooser: null, wanted: null });
};
