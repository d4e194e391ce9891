/**
 * What outlives a reload, in IndexedDB: each tab's run (experiment, checkpoint, curves) and the person's own data sets.
 * What comes back passes a schema; what does not pass is treated as absent.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { z } from 'zod';
import { type OwnSpec, ownSchema } from '@/catalog/datasets/own';
import type { Dataset } from '@/data/dataset';
import { experimentSchema, maxSteps } from '@/experiment/schema';
import { isSound } from '@/session/checkpoint';
import type { Replaced, SavedRun } from './experiment';
import { readRuns } from './runs/database';
import { isTabOpen } from './tab';

/** Any float, NaN and infinity included: curves of a diverged run hold them. */
const float = z.custom<number>((value) => typeof value === 'number');
const score = z.object({ accuracy: float, loss: float });
const step = z.int().min(0).max(maxSteps);
const savedRunSchema = z.object({
  experiment: experimentSchema,
  checkpoint: z
    .object({
      step,
      // Weights that have gone bad cannot be trained on; then the run starts over.
      tensors: z.record(z.string().max(100), z.instanceof(Float32Array)).refine(isSound),
    })
    .nullable()
    .catch(null),
  points: z
    .array(
      z.object({ step, float: score, qat: score, ptq: score.nullable(), few: z.literal(true).optional() }),
    )
    .max(20_000),
});
const replacedSchema = savedRunSchema.extend({ reason: z.string().max(300) });
type StoredRun = SavedRun & { id: string; savedAt: number };
type StoredUndo = Replaced & { id: string };

const values = z.union([z.instanceof(Float32Array), z.instanceof(Uint8Array)]);
const split = z.object({ count: step, x: values, y: z.instanceof(Uint8Array) });
const datasetSchema = z.object({
  view: z.enum(['points', 'images', 'table']),
  inputShape: z.array(z.int().min(1)).readonly(),
  classNames: z.array(z.string()),
  labelsPerExample: z.int().min(1).default(1),
  train: split,
  validation: split.default(() => ({ count: 0, x: new Float32Array(0), y: new Uint8Array(0) })),
  test: split,
});

interface Schema extends DBSchema {
  runs: { key: string; value: StoredRun };
  /** What each tab's last new start replaced. */
  undo: { key: string; value: StoredUndo };
  datasets: { key: string; value: { hash: string; dataset: Dataset; fetched?: OwnSpec } };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;
const database = () => {
  opened ??= openDB<Schema>('qat-playground', 1, {
    upgrade(db) {
      db.createObjectStore('runs', { keyPath: 'id' });
      db.createObjectStore('undo', { keyPath: 'id' });
      db.createObjectStore('datasets', { keyPath: 'hash' });
    },
  });
  return opened;
};

/** A tab's run, or undefined if there is none that can be used. */
export async function readRun(id: string): Promise<SavedRun | undefined> {
  const found = savedRunSchema.safeParse(await (await database()).get('runs', id));
  return found.success ? found.data : undefined;
}

export async function writeRun(id: string, run: SavedRun): Promise<void> {
  const transaction = (await database()).transaction('runs', 'readwrite');
  const put = transaction.store.put({ id, savedAt: Date.now(), ...run });
  // Asked for here, so that a page that is being left need not live to see the answer.
  transaction.commit();
  await Promise.all([put, transaction.done]);
}

/** The run that this tab's last new start replaced. */
export async function readUndo(id: string): Promise<Replaced | undefined> {
  const found = replacedSchema.safeParse(await (await database()).get('undo', id));
  return found.success ? found.data : undefined;
}

export async function writeUndo(id: string, replaced: Replaced | null): Promise<void> {
  const db = await database();
  if (replaced) await db.put('undo', { id, ...replaced });
  else await db.delete('undo', id);
}

/** Ids of all stored runs, the newest first. */
export async function storedRuns(): Promise<string[]> {
  const runs = await (await database()).getAll('runs');
  return runs.toSorted((a, b) => (b.savedAt || 0) - (a.savedAt || 0)).map(({ id }) => id);
}

export async function readDataset(hash: string): Promise<Dataset | undefined> {
  const found = datasetSchema.safeParse((await (await database()).get('datasets', hash))?.dataset);
  return found.success ? found.data : undefined;
}

/** Stores the person's data. What was fetched from the hub stays until it is forgotten; files are there to be read again. */
export async function writeDataset(spec: OwnSpec, dataset: Dataset): Promise<void> {
  const fetched = spec.format === 'hub' ? { fetched: spec } : {};
  await (await database()).put('datasets', { hash: spec.hash, dataset, ...fetched });
}

export interface KeptSet {
  spec: OwnSpec;
  /** What it takes in this browser. */
  bytes: number;
}

/** The data sets of the hub that this browser keeps. */
export async function keptSets(): Promise<KeptSet[]> {
  const all = await (await database()).getAll('datasets');
  return all.flatMap(({ fetched, dataset }) => {
    const spec = ownSchema.safeParse(fetched);
    if (!spec.success) return [];
    const parts = [dataset.train, dataset.validation, dataset.test];
    return [{ spec: spec.data, bytes: parts.reduce((sum, part) => sum + (part?.x.byteLength ?? 0), 0) }];
  });
}

export async function forgetDataset(hash: string): Promise<void> {
  await (await database()).delete('datasets', hash);
}

/** Runs of closed tabs that are kept for a fresh tab to take up. */
const keptRuns = 6;

/** Deletes runs of tabs closed long ago, and data sets that no run uses and that are not kept. */
export async function tidy(): Promise<void> {
  const db = await database();
  for (const id of (await storedRuns()).slice(keptRuns))
    if (!(await isTabOpen(id))) await db.delete('runs', id);
  for (const id of await db.getAllKeys('undo'))
    if (!(await db.getKey('runs', id))) await db.delete('undo', id);
  const kept: Pick<SavedRun, 'experiment'>[] = [
    ...(await db.getAll('runs')),
    ...(await db.getAll('undo')),
    ...(await readRuns()),
  ];
  const used = new Set(
    kept.map(({ experiment }) => (experiment?.dataset?.kind === 'own' ? experiment.dataset.hash : '')),
  );
  for (const { spec } of await keptSets()) used.add(spec.hash);
  for (const hash of await db.getAllKeys('datasets')) if (!used.has(hash)) await db.delete('datasets', hash);
}
