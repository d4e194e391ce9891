/** What the page opens with: a link, this tab's own run after a reload, the last run of a closed tab, or the default. */
import { decodeLink, encodeLink } from '@/experiment/link';
import { defaultExperiment } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { dropWaiting, flushAddress, followAddress, isOwnAddress } from './address';
import { type SavedRun, useExperiment } from './experiment';
import { alertPerson } from './notices';
import { haveData, openExperiment, openLink, useOpening } from './opening';
import { readRun, storedRuns, tidy } from './persistence';
import { save, saveAs } from './saving';
import { begin, connect, presentRun } from './session';
import { claimFirst, claimFormer, claimNew, formerTab } from './tab';

let started = false;

/** Starts the worker and the first run. Calling it again does nothing: React's strict mode mounts twice. */
export async function start(): Promise<void> {
  if (started) return;
  started = true;
  connect();
  const fragment = location.hash.slice(1);
  const link = fragment ? decodeLink(fragment) : undefined;
  if (link && !link.ok) alertPerson('open', link.message);
  const found = await resume(fragment, link?.ok ? link.experiment : undefined).catch(() => ({ id: '' }));
  if (found.id) saveAs(found.id, presentRun);
  await open(found, link);
  listen();
  void tidy().catch(() => undefined);
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

async function open({ run, replaced }: Found, link: Link): Promise<void> {
  if (run) return go(run);
  if (replaced)
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

/** Goes on with a stored run; if its data are gone they are asked for. */
async function go(run: SavedRun): Promise<void> {
  const { dataset: spec } = run.experiment;
  if (spec.kind !== 'own' || (await haveData(spec))) return begin(run);
  begin({ experiment: defaultExperiment, checkpoint: null, points: [] });
  useOpening.setState({
    wanted: { experiment: run.experiment, spec, reason: `${spec.name} was opened again.` },
  });
}

/** Finds this tab's id and the run to go on with. */
async function resume(fragment: string, linked: Experiment | undefined): Promise<Found> {
  const former = formerTab();
  const saved = former ? await readRun(former) : undefined;
  const reloaded = fragment === '' || isOwnAddress(fragment) || (saved && same(saved.experiment, linked));
  if (former && reloaded && (await claimFormer(former)))
    return { id: former, ...(saved ? { run: saved } : {}) };
  // A link gets a place of its own in the store: what this or another tab had stays where it is.
  if (fragment) return { id: await claimNew(), ...(saved && !reloaded ? { replaced: saved } : {}) };
  const id = await claimFirst(await storedRuns());
  const run = id && (await readRun(id));
  return run ? { id, run } : { id: id || (await claimNew()) };
}

const same = (a: Experiment, b: Experiment | undefined) => b !== undefined && encodeLink(a) === encodeLink(b);

function listen(): void {
  addEventListener('hashchange', () => {
    const fragment = location.hash.slice(1);
    if (isOwnAddress(fragment)) return;
    dropWaiting();
    // A link that cannot be read leaves the experiment, and in a moment its address, as they are.
    if (!openLink(fragment)) followAddress(useExperiment.getState().experiment);
  });
  addEventListener('pagehide', () => {
    flushAddress();
    void save();
  });
}
