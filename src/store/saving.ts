/** Stores the tab's run after commits and checkpoints: never two writes at once, and large models less often. */
import type { SavedRun } from './experiment';
import { writeRun } from './persistence';

let target: { id: string; run: () => SavedRun } | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let writing = false;
let lastWrite = 0;

const soonMs = 200;
/** Bytes that may be written in a millisecond: a checkpoint of 8 MB is stored every 2 s, one of 80 MB every 20 s. */
const bytesPerMs = 4000;

/** From now on this tab's run is stored under this id. */
export function saveAs(id: string, run: () => SavedRun): void {
  target = { id, run };
}

const sizeOf = ({ checkpoint }: SavedRun): number =>
  Object.values(checkpoint?.tensors ?? {}).reduce((sum, { byteLength }) => sum + byteLength, 0);

export function scheduleSave(): void {
  if (!target || timer !== undefined) return;
  const pause = sizeOf(target.run()) / bytesPerMs;
  const wait = Math.max(soonMs, lastWrite + pause - Date.now());
  timer = setTimeout(() => {
    timer = undefined;
    void save();
  }, wait);
}

/** Stores the run now; a browser that stores nothing is no error: a reload then starts over. */
export async function save(): Promise<void> {
  if (!target) return;
  if (writing) return scheduleSave();
  writing = true;
  try {
    await writeRun(target.id, target.run());
  } catch {
    target = undefined;
  } finally {
    writing = false;
    lastWrite = Date.now();
  }
}

/** Stores the run as the page is left, whatever else is being written: the newest write is the last. */
export function saveOnLeaving(): void {
  if (target) void writeRun(target.id, target.run()).catch(() => undefined); // nobody is left to hear of it
}
