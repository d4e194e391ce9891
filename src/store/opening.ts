/** Opening what comes from outside: links, experiment files, the person's own data. Nothing is replaced before it is valid. */
import { create } from 'zustand';
import type { OwnSpec } from '@/catalog/datasets';
import type { Dataset } from '@/data/dataset';
import type { HubChoice } from '@/data/loaders/hub/offer';
import type { LoadingProgress } from '@/data/loaders/progress';
import { experimentFromFile, maxFileBytes } from '@/experiment/file';
import { decodeLink } from '@/experiment/link';
import { experimentFor } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import type { OpenAnswer } from '@/session/client';
import type { ImageSize } from '@/session/loadingProtocol';
import { useExperiment } from './experiment';
import { alertPerson, dismiss } from './notices';
import { readDataset, writeDataset } from './persistence';
import { restart } from './session';
import { ownData, session } from './worker';
import { useWorkspace } from './workspace';

/** A file that was chosen, and where it lies in the folder that was. */
export interface GivenFile {
  file: File;
  path: string;
}

export interface Reading {
  /** Name of what is read or fetched. */
  what: string;
  fetching: boolean;
  progress: LoadingProgress | null;
  /** When the present kind of progress began, in ms as performance.now() counts. */
  since: number;
}

export interface OpeningState {
  reading: Reading | null;
  /** A table whose label column is to be chosen. */
  chooser: { files: GivenFile[]; name: string; columns: string[]; sample: string[][] } | null;
  /** An experiment that waits for the person's own file, or for a data set of the hub. */
  wanted: { experiment: Experiment; spec: OwnSpec; reason: string; problem?: string } | null;
  /** Side in pixels that images of folders and of the hub are brought to; null leaves it to them. */
  side: number | null;
}

const idle = { reading: null, chooser: null, wanted: null };
export const useOpening = create<OpeningState>()(() => ({ ...idle, side: null }));

/** Only the newest opening counts. */
let turn = 0;

/** Loads an experiment from a link or file, paused; own data come from this browser's store, or are asked for. */
export async function openExperiment(experiment: Experiment, reason: string): Promise<void> {
  const mine = ++turn;
  const { dataset: spec } = experiment;
  useOpening.setState(idle);
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

const isExperimentFile = ({ file: { name, type }, path }: GivenFile) =>
  !path.includes('/') && (/\.(json|txt|url)$/i.test(name) || type === 'application/json');

/** Files that were chosen or dropped: an experiment, or data. */
export async function openAny(files: GivenFile[]): Promise<void> {
  const [given] = files;
  if (!given) return;
  if (files.length === 1 && isExperimentFile(given)) await openExperimentFile(given.file);
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

/** What the files are called together. */
function nameOf(files: readonly GivenFile[]): string {
  const folder = files[0]?.path.split('/')[0];
  if (files[0]?.path.includes('/')) return folder ?? '';
  const names = files.slice(0, 4).map(({ path }) => path);
  return files.length > 4 ? `${names[0]} and ${files.length - 1} more files` : names.join(', ');
}

/** Images of the size that the experiment that waits was made with, else of the one that was chosen. */
function imageSize(): { size?: ImageSize } {
  const { wanted, side } = useOpening.getState();
  const shape = wanted?.spec.shape;
  if (shape?.length === 3) return { size: { height: shape[0], width: shape[1] } };
  return side === null ? {} : { size: { height: side, width: side } };
}

/** Reads data files in the worker; the data set in use stays until they are known to be good. */
export async function openData(files: GivenFile[], labelColumn?: number): Promise<void> {
  const column = labelColumn ?? useOpening.getState().wanted?.spec.label;
  const options = { ...imageSize(), ...(column === undefined ? {} : { labelColumn: column }) };
  await take(nameOf(files), false, (progress) => session().open(files, options, progress), files);
}

/** Downloads a data set of the hub. The person has said so: nothing else may call it. */
export async function fetchData(choice: HubChoice): Promise<void> {
  const { hub } = useWorkspace.getState();
  const { size } = imageSize();
  await take(choice.name, true, (progress) => session().fetch(hub, choice, size, progress));
}

/** Downloads what the experiment that waits was made with. */
export async function fetchWanted(): Promise<void> {
  const { wanted } = useOpening.getState();
  if (!wanted) return;
  const { name, subset, imageColumn, classColumn } = wanted.spec;
  await fetchData({
    name,
    ...(subset === undefined ? {} : { subset }),
    ...(imageColumn === undefined ? {} : { imageColumn }),
    ...(classColumn === undefined ? {} : { classColumn }),
  });
}

async function take(
  what: string,
  fetching: boolean,
  ask: (progress: (now: LoadingProgress) => void) => Promise<OpenAnswer>,
  files: GivenFile[] = [],
): Promise<void> {
  const mine = ++turn;
  const { wanted, reading: before } = useOpening.getState();
  if (before) session().cancelLoading();
  // What was said of files before says nothing of these.
  dismiss('open');
  useOpening.setState({
    reading: { what, fetching, progress: null, since: performance.now() },
    chooser: null,
  });
  const answer = await ask((progress) => {
    const { reading } = useOpening.getState();
    if (mine !== turn || !reading) return;
    const since = reading.progress?.unit === progress.unit ? reading.since : performance.now();
    useOpening.setState({ reading: { ...reading, progress, since } });
  });
  if (mine !== turn) return;
  useOpening.setState({ reading: null });
  switch (answer.type) {
    case 'cancelled':
      return;
    case 'failed':
      if (wanted) useOpening.setState({ wanted: { ...wanted, problem: answer.failure.message } });
      return alertPerson('open', answer.failure.message);
    case 'columns': {
      const { name, columns, sample } = answer;
      return useOpening.setState({ chooser: { files, name, columns, sample } });
    }
    case 'opened':
      dismiss('open');
      return takeData(answer.spec, answer.dataset, wanted);
    default:
      answer satisfies never;
  }
}

function takeData(spec: OwnSpec, dataset: Dataset, wanted: OpeningState['wanted']): void {
  if (wanted && wanted.spec.hash !== spec.hash) {
    const problem =
      spec.format === 'hub'
        ? `${spec.name} has changed on the hub: its images are not those of this experiment.`
        : `${spec.name} is another file: its contents are not those of ${wanted.spec.name}.`;
    useOpening.setState({ wanted: { ...wanted, problem } });
    return;
  }
  ownData.set(spec.hash, dataset);
  void writeDataset(spec, dataset).catch(() => undefined); // too large to keep: asked for after a reload
  useOpening.setState({ wanted: null });
  if (wanted) restart(wanted.experiment, wanted.reason, true);
  else startOn(spec);
}

/** A new experiment on data that are here. */
export function startOn(spec: OwnSpec): void {
  const { seed } = useExperiment.getState().experiment;
  restart(experimentFor(spec, seed), `${spec.name} was opened.`, true);
}

/** Closes what asks for a choice, and stops reading. */
export const cancelOpening = (): void => {
  turn++;
  if (useOpening.getState().reading) session().cancelLoading();
  useOpening.setState(idle);
};

/** Stops reading; what asked for it stays. */
export const cancelReading = (): void => {
  turn++;
  session().cancelLoading();
  useOpening.setState({ reading: null });
};
