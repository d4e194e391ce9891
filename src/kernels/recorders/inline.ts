/** Finds dispatches of a recorded segment whose result one other reads, and has that one compute it (./join.ts). */
import { countBindings, type Recorded, usesOf } from './join';

/** Most dispatches that one computes besides its own. */
const mostInlined = 3;

const depth = ({ inlined = [] }: Recorded): number =>
  inlined.reduce((sum, { from }) => sum + 1 + depth(from), 0);

/** The place of the tensor that a dispatch reads element by element from this buffer, -1 if it uses it in another way. */
function placeOf(one: Recorded, buffer: GPUBuffer): number {
  const uses = usesOf(one).filter((use) => use.buffer === buffer);
  const place = one.buffers.indexOf(buffer);
  return uses.length === 1 && !uses[0]!.written && one.source?.tensors[place]?.once ? place : -1;
}

const touches = (one: Recorded, buffer: GPUBuffer): boolean =>
  usesOf(one).some((use) => use.buffer === buffer);

/** Whether a dispatch writes a buffer anew, whatever was there. */
const renews = (one: Recorded, buffer: GPUBuffer): boolean => {
  const place = one.buffers.indexOf(buffer);
  const uses = usesOf(one).filter((use) => use.buffer === buffer);
  return uses.every(({ written }) => written) && (one.source?.tensors[place]?.use ?? 'out') === 'out';
};

/**
 * @param alive buffers whose values are read after the segment
 * @param bindings most storage buffers of one dispatch
 * @returns the dispatches, without those that others now compute
 */
export function inlined<R extends Recorded>(
  dispatches: readonly R[],
  alive: ReadonlySet<GPUBuffer>,
  bindings: number,
): R[] {
  const rest = [...dispatches];
  for (let i = 0; i < rest.length; i++) {
    const maker = rest[i]!;
    if (!maker.source?.element) continue;
    const result = maker.buffers[0]!;
    const touching = rest.flatMap((one, at) => (at > i && touches(one, result) ? [at] : []));
    // Up to the one that writes other values there.
    const end = touching.findIndex((at) => renews(rest[at]!, result));
    const readers = end < 0 ? touching : touching.slice(0, end);
    const [at] = readers;
    if (at === undefined || readers.length > 1 || (end < 0 && alive.has(result))) continue;
    const reader = rest[at]!;
    const place = placeOf(reader, result);
    if (place < 0 || depth(maker) + depth(reader) >= mostInlined) continue;
    const reads = new Set(usesOf(maker, 1).map(({ buffer }) => buffer));
    const changed = rest
      .slice(i + 1, at + 1)
      .some((one) => usesOf(one).some(({ buffer, written }) => written && reads.has(buffer)));
    const whole = { ...reader, inlined: [...(reader.inlined ?? []), { place, from: maker }] };
    if (changed || countBindings(usesOf(whole)) > bindings) continue;
    rest[at] = whole;
    rest.splice(i--, 1);
  }
  return rest;
}
