/**
 * Which tab this is. Each tab stores its run under an id of its own, kept in sessionStorage (which a duplicated tab
 * copies) and claimed with a lock that lives as long as the tab, so that two tabs never write the same run.
 */

const key = 'qat-playground/tab';
const lockName = (id: string) => `qat-playground/tab/${id}`;

/** A reload may ask for the lock a moment before the old page has let go of it. */
const patienceMs = 400;

function claim(id: string, wait: boolean): Promise<boolean> {
  const { locks } = navigator;
  if (!locks) return Promise.resolve(true); // only missing outside secure contexts: then the tab's id must do
  return new Promise((resolve) => {
    const held = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock ? new Promise<never>(() => {}) : undefined;
    };
    const options: LockOptions = wait ? { signal: AbortSignal.timeout(patienceMs) } : { ifAvailable: true };
    locks.request(lockName(id), options, held).catch(() => resolve(false));
  });
}

const remember = (id: string): string => {
  try {
    sessionStorage.setItem(key, id);
  } catch {
    // without storage the tab is a new one after every reload
  }
  return id;
};

/** The id that this tab had before a reload, whether or not it can be claimed. */
export function formerTab(): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Takes up the id this tab had, unless another tab (its original) holds it. */
export const claimFormer = async (id: string): Promise<boolean> => claim(id, true);

/** Takes up the first of these ids that no open tab holds. */
export async function claimFirst(ids: readonly string[]): Promise<string | undefined> {
  for (const id of ids) if (await claim(id, false)) return remember(id);
  return undefined;
}

/** An id that no tab had. */
export async function claimNew(): Promise<string> {
  const id = Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join('');
  await claim(id, false);
  return remember(id);
}

/** Whether an open tab holds this id. */
export async function isTabOpen(id: string): Promise<boolean> {
  const { held } = (await navigator.locks?.query()) ?? {};
  return held?.some(({ name }) => name === lockName(id)) ?? false;
}
