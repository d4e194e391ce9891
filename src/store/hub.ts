/** Choosing an image data set of the Hugging Face hub: looked up here, fetched by store/opening when the person says so. */
import { create } from 'zustand';
import type { OwnSpec } from '@/catalog/datasets';
import type { HubChoice, HubOffer } from '@/data/loaders/hub/offer';
import { fetchData, haveData, startOn } from './opening';
import { forgetDataset, type KeptSet, keptSets } from './persistence';
import { session } from './worker';
import { useWorkspace } from './workspace';

export interface HubState {
  open: boolean;
  /** Name that is being looked up. */
  asking: string | null;
  offer: HubOffer | null;
  /** Why the last look-up failed. */
  problem: string | null;
  /** Data sets that this browser keeps. */
  kept: KeptSet[];
}

const closed = { open: false, asking: null, offer: null, problem: null };
export const useHub = create<HubState>()(() => ({ ...closed, kept: [] }));

/** Only the newest look-up counts. */
let turn = 0;

export function openHub(): void {
  useHub.setState({ ...closed, open: true });
  void refresh();
}

export function closeHub(): void {
  turn++;
  useHub.setState(closed);
}

/** Asks the hub what the data set holds: the answer is an offer, or a problem. */
export async function lookUp(choice: HubChoice): Promise<void> {
  const mine = ++turn;
  useHub.setState({ asking: choice.name, problem: null });
  const answer = await session().lookUp(useWorkspace.getState().hub, choice);
  if (mine !== turn) return;
  useHub.setState({ asking: null });
  if (answer.type === 'offered') useHub.setState({ offer: answer.offer });
  if (answer.type === 'failed') useHub.setState({ offer: null, problem: answer.failure.message });
}

/** Fetches what is offered. */
export function acceptOffer(): void {
  const { offer } = useHub.getState();
  if (!offer) return;
  closeHub();
  void fetchData(offer.choice);
}

/** Starts on a data set that this browser keeps. */
export async function startOnKept(spec: OwnSpec): Promise<void> {
  if (await haveData(spec)) {
    closeHub();
    startOn(spec);
  } else await refresh();
}

/** A run that uses the images keeps them until the page is left. */
export async function forget({ hash }: OwnSpec): Promise<void> {
  await forgetDataset(hash);
  await refresh();
}

const refresh = async () => useHub.setState({ kept: await keptSets().catch(() => []) });
