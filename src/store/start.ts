/** What the page opens with: a link, this tab's own run after a reload, the last run of a closed tab, or the default. */
import { decodeLink, encodeLink } from '@/experiment/link';
import { defaultExperiment } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { dropWaiting, flushAddress, followAddress, isOwnAddress, isWritten, sawAddress } from './address';
import { connect } from './events';
import { type SavedRun, useExperiment } from './experiment';
import { alertPerson } from './notices';
import { haveData, openExperiment, openLink, useOpening } from './opening';
import { readRun, readUndo, storedRuns, tidy, writeUndo } from './persistence';
import { loadRuns } from './runs/actions';
import { saveAs, saveOnLeaving } from './saving';
import { undo } from './session';
import { resumeSweep } from './sweep/sweep';
import { claimFirst, claimFormer, claimNew, formerTab } from './tab';
import { begin, presentRun } from './worker';

let started = false;

/** A store that does not answer must not keep the page from starting. */
const storeMs = 3000;

/** Starts the worker and the first run. Calling it again does nothing: React's strict mode mounts twice. */
export async function start(): Promise<void> {
  if (started) return;
  started = true;
  connect();
  const fragment = location.hash.slice(1);
  const link = fragment ? decodeLink(fragment) : undefined;
  if (link && !link.ok) alertPerson('open', link.message);
  const nothing: Found = { id: '' };
  const found = await Promise.race([
    resume(fragment, link?.ok ? link.experiment : undefined).catch(() => nothing),
    new Promise<Found>((resolve) => setTimeout(resolve, storeMs, nothing)),
  ]);
  if (found.id) keep(found.id);
  await open(found, link);
  listen();
  await loadRuns();
  await resumeSweep();
  void tidy().catch(() => undefined);
}

/** From now on this tab's run, and the one it replaced, are stored under this id. */
function keep(id: string): void {
  saveAs(id, presentRun);
  useExperiment.subscribe(({ replaced }, before) => {
    if (replaced !== before.replaced) void writeUndo(id, replaced).catch(() => undefined);
  });
}

type Link = ReturnType<typeof decodeLink> | undefined;
interface Found {
  /** This tab's id; empty where nothing can be stored. */
  id: string;
  /** The run to go on with. */
  run?: SavedRun;
  /** This tab's run that a link is about to replace. */
  replaced?: SavedRun;
}

async function open({ id, run, replaced }: Found, link: Link): Promise<void> {
  if (run) {
    const undoable = await readUndo(id).catch(() => undefined);
    if (undoable && (await hasData(undoable))) useExperiment.setState({ replaced: undoable });
    return go(run);
  }
  if (replaced && (await hasData(replaced)))
    useExperiment.setState({
      replaced: {
        ...replaced,
        reason: link?.ok ? 'The link was opened.' : 'The default experiment was opened.',
      },
    });
  const own = link?.ok && link.experiment.dataset.kind === 'own';
  begin({
    experiment: link?.ok && !own ? link.experiment : defaultExperiment,
    checkpoint: null,
    points: [],
  });
  if (own && link.ok) await openExperiment(link.experiment, 'The link was opened.');
}

/** Whether a run can start at once: its data are generated, or still in the store. */
const hasData = async ({ experiment: { dataset } }: SavedRun): Promise<boolean> =>
  dataset.kind !== 'own' || haveData(dataset);

/** Goes on with a stored run; if its data are gone they are asked for. */
async function go(run: SavedRun): Promise<void> {
  const { dataset: spec } = run.experiment;
  if (spec.kind !== 'own' || (await hasData(run))) {
    begin(run);
    // A link in the address is this run's, or was before its last change.
    if (location.hash) followAddress(run.experiment);
    return;
  }
  begin({ experiment: defaultExperiment, checkpoint: null, points: [] });
  useOpening.setState({
    wanted: { experiment: run.experiment, spec, reason: `${spec.name} was opened again.` },
  });
}

/** Finds this tab's id and the run to go on with. */
async function resume(fragment: string, linked: Experiment | undefined): Promise<Found> {
  const former = formerTab();
  const saved = former ? await readRun(former) : undefined;
  const reloaded =
    fragment === '' || isReload() || isOwnAddress(fragment) || (saved && same(saved.experiment, linked));
  if (former && reloaded && (await claimFormer(former)))
    return { id: former, ...(saved ? { run: saved } : {}) };
  // A duplicated tab shows the same run, and stores it under an id of its own.
  if (saved && reloaded) return { id: await claimNew(), run: saved };
  // A link gets a place of its own in the store: what this or another tab had stays where it is.
  if (fragment) return { id: await claimNew(), ...(saved && !reloaded ? { replaced: saved } : {}) };
  const id = await claimFirst(await storedRuns());
  const run = id && (await readRun(id));
  return run ? { id, run } : { id: id || (await claimNew()) };
}

/**
 * Whether the browser says so. The address alone does not tell: one reloaded within half a second of a change is still
 * that of before, because a reload does not see what is written as the page is left.
 */
const isReload = () =>
  performance
    .getEntriesByType('navigation')
    .some((entry) => (entry as PerformanceNavigationTiming).type === 'reload');

const same = (a: Experiment, b: Experiment | undefined) => b !== undefined && encodeLink(a) === encodeLink(b);

/** Whether the browser's Back or Forward has led to where a run was: before its first address, or to its own. */
const wentBackTo = ({ experiment }: SavedRun, fragment: string): boolean =>
  !fragment || (isWritten() && fragment === encodeLink(experiment));

function listen(): void {
  sawAddress();
  addEventListener('hashchange', () => {
    sawAddress();
    const fragment = location.hash.slice(1);
    const { experiment, replaced } = useExperiment.getState();
    if (replaced && fragment !== encodeLink(experiment) && wentBackTo(replaced, fragment)) return undo();
    if (isOwnAddress(fragment)) return;
    dropWaiting();
    // A link that cannot be read leaves the experiment, and in a moment its address, as they are; so does none.
    if (!fragment || !openLink(fragment)) followAddress(experiment);
  });
  addEventListener('pagehide', () => {
    flushAddress();
    saveOnLeaving();
  });
}
