/**
 * The address bar follows the experiment: written after a commit, at most once in 500 ms (Safari throws after 100 writes
 * in 30 s). What the page wrote itself is remembered, so that a reload is told from an opened link.
 */
import { encodeLink, maxLinkLength } from '@/experiment/link';
import type { Experiment } from '@/experiment/schema';

const key = 'qat-playground/address';
const delayMs = 500;
/** State of the history's entries that the page has written; one that was typed or followed has none. */
const written = 'qat-playground';

let timer: ReturnType<typeof setTimeout> | undefined;
let waiting: Experiment | undefined;
/** The address as the page knows it; another one was typed, and is about to be heard of. */
let seen: string | undefined;

/** Takes note of the address that is there now. */
export function sawAddress(): void {
  seen = location.hash;
}

/** The full link to an experiment. */
export const linkTo = (experiment: Experiment): string =>
  `${location.origin}${location.pathname}${location.search}#${encodeLink(experiment)}`;

export function followAddress(experiment: Experiment): void {
  waiting = experiment;
  timer ??= setTimeout(flushAddress, delayMs);
}

/** Writes what waits; also when the page is left. */
export function flushAddress(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!waiting) return;
  const link = encodeLink(waiting);
  waiting = undefined;
  // A link that was typed a moment ago is not written over.
  if (seen !== undefined && seen !== location.hash) return;
  if (link.length <= maxLinkLength && (`#${link}` !== location.hash || history.state !== written))
    history.replaceState(written, '', `#${link}`);
  sawAddress();
  remember(location.hash.slice(1));
}

/** Forgets a write that waits: an opened link is about to be read. */
export function dropWaiting(): void {
  clearTimeout(timer);
  timer = undefined;
  waiting = undefined;
}

/** Whether the page has written the present entry of the history: it is come to by going back or forward. */
export const isWritten = (): boolean => history.state === written;

function remember(fragment: string): void {
  try {
    sessionStorage.setItem(key, fragment);
  } catch {
    // then a reload is treated as an opened link
  }
}

/** Whether this fragment is the page's own writing in this tab. */
export function isOwnAddress(fragment: string): boolean {
  try {
    return sessionStorage.getItem(key) === fragment;
  } catch {
    return false;
  }
}
