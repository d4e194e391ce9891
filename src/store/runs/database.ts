/**
 * Runs and the sweep at hand in IndexedDB, in a database of their own: a record a run, so that tabs do not write over
 * each other. What comes back passes a schema; what does not pass is left where it is and not shown.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { type Run, runSchema } from './record';

interface Schema extends DBSchema {
  runs: { key: string; value: Run };
  /** Under the key "sweep": the sweep at hand. */
  sweep: { key: string; value: unknown };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;
const database = () => {
  opened ??= openDB<Schema>('qat-playground-runs', 1, {
    upgrade(db) {
      db.createObjectStore('runs', { keyPath: 'id' });
      db.createObjectStore('sweep');
    },
  });
  return opened;
};

/** All runs that can be used, the oldest first. */
export async function readRuns(): Promise<Run[]> {
  const stored = await (await database()).getAll('runs');
  const runs = stored.flatMap((value) => {
    const parsed = runSchema.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });
  return runs.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** Writes and deletes as one: all of it or nothing. */
export async function changeRuns(put: readonly Run[], remove: readonly string[] = []): Promise<void> {
  const transaction = (await database()).transaction('runs', 'readwrite');
  for (const run of put) void transaction.store.put(run);
  for (const id of remove) void transaction.store.delete(id);
  await transaction.done;
}

export const readSweep = async (): Promise<unknown> => (await database()).get('sweep', 'sweep');
export async function writeSweep(sweep: unknown): Promise<void> {
  const db = await database();
  if (sweep) await db.put('sweep', sweep, 'sweep');
  else await db.delete('sweep', 'sweep');
}
