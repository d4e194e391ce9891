/**
 * Makes fewer dispatches of a recorded segment, each of which computes what it did, to the last bit:
 * - inlined: where a shader computes each element of its result by itself (`element`) and one other reads the result,
 *   that one computes the elements as it reads them, and the result is never stored (./inline.ts);
 * - chained: one that needs another's results runs after it in the same workgroups, where each workgroup needs its own;
 * - joined: those that do not depend on each other run side by side: the workgroups of the first run the first one's
 *   code, those after them the next one's.
 * A dispatch may only move forward in time, past others that neither write what it touches nor touch what it writes.
 */
import { defaultWorkgroupSize, type ShaderSource, type ShaderTensor } from '../webgpu';

/** A dispatch as it was recorded. */
export interface Recorded {
  /** Undefined for programs that are not ours: they stay alone. */
  readonly source: ShaderSource | undefined;
  /** In the order of the source's tensors; of others the result first. */
  readonly buffers: readonly GPUBuffer[];
  /** Whether each is written. */
  readonly written: readonly boolean[];
  readonly groups: number;
  /** Dispatches whose results, tensors of this one by their place, it computes itself. */
  readonly inlined?: readonly { readonly place: number; readonly from: Recorded }[];
}

export interface Limits {
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

/** A buffer as one dispatch sees it. */
export interface Use {
  readonly buffer: GPUBuffer;
  readonly written: boolean;
  readonly type: ShaderTensor['type'] & {};
  readonly reach: ShaderTensor['reach'];
}

/** What a dispatch binds of its own tensors, undefined where it computes one itself. */
export function ownUses({ source, buffers, written, inlined }: Recorded): (Use | undefined)[] {
  return buffers.map((buffer, i) => {
    if (inlined?.some(({ place }) => place === i)) return undefined;
    const { type = 'f32', reach } = source?.tensors[i] ?? {};
    return { buffer, written: written[i]!, type, reach };
  });
}

/** What a dispatch binds in all. @param first the place from which on its own tensors count */
export function usesOf(one: Recorded, first = 0): Use[] {
  const own = ownUses(one)
    .slice(first)
    .filter((use) => use !== undefined);
  return [...own, ...(one.inlined ?? []).flatMap(({ from }) => usesOf(from, 1))];
}

/** How many bindings uses take: those that see a buffer as the same type share one. */
export function countBindings(uses: readonly Use[]): number {
  const seen = new Map<GPUBuffer, Set<string>>();
  for (const { buffer, type } of uses) seen.set(buffer, (seen.get(buffer) ?? new Set()).add(type));
  return [...seen.values()].reduce((sum, { size }) => sum + size, 0);
}

/** Most dispatches in one: code grows with each. */
const mostParts = 8;

/** Bytes of workgroup memory that a shader declares as arrays. */
export function workgroupBytes(code: string): number {
  const arrays = code.matchAll(/var<workgroup>\s+\w+\s*:\s*array<(?:atomic<)?(vec[234]<)?\w+>*,\s*(\d+)u?>/g);
  return [...arrays].reduce((sum, [, vector, length]) => sum + Number(length) * (vector ? 16 : 4), 0);
}

/** Dispatches one after the other in the same workgroups. */
export type Chain<R> = [R, ...R[]];

const sizeOf = ({ source }: Recorded): number => source?.workgroupSize ?? defaultWorkgroupSize;

class Joiner<R extends Recorded> {
  private readonly uses = new Map<R, Use[]>();

  constructor(private readonly limits: Limits) {}

  of(one: R): Use[] {
    let uses = this.uses.get(one);
    if (!uses) {
      uses = usesOf(one);
      this.uses.set(one, uses);
    }
    return uses;
  }

  /** Pairs of uses of one buffer of which at least one writes. */
  conflicts(a: R, b: R): [Use, Use][] {
    return this.of(a).flatMap((mine) =>
      this.of(b).flatMap((theirs): [Use, Use][] =>
        mine.buffer === theirs.buffer && (mine.written || theirs.written) ? [[mine, theirs]] : [],
      ),
    );
  }

  fits(parts: readonly R[], next: R): boolean {
    const all = [...parts, next];
    const { limits } = this;
    return (
      all.length <= mostParts &&
      all.every((one) => one.source && sizeOf(one) === sizeOf(next)) &&
      countBindings(all.flatMap((one) => this.of(one))) <= limits.maxStorageBuffersPerShaderStage &&
      all.reduce((sum, { groups }) => sum + groups, 0) <= limits.maxComputeWorkgroupsPerDimension &&
      all.reduce((sum, { source }) => sum + workgroupBytes(source!.code), 0) <=
        limits.maxComputeWorkgroupStorageSize
    );
  }

  /** Whether `next` may follow these in their workgroups. */
  follows(chain: Chain<R>, next: R): boolean {
    return chain.every((one) => {
      if (one.groups !== next.groups) return false;
      return this.conflicts(one, next).every(
        ([mine, theirs]) =>
          mine.type === theirs.type &&
          (next.groups === 1 || (mine.reach !== undefined && mine.reach === theirs.reach)),
      );
    });
  }
}

/** @returns the dispatches in groups of chains, each group to be one dispatch, in an order that keeps every result */
export function groupsOf<R extends Recorded>(dispatches: readonly R[], limits: Limits): Chain<R>[][] {
  const joiner = new Joiner<R>(limits);
  const groups: Chain<R>[][] = [];
  for (const next of dispatches) {
    const depends = (chain: Chain<R>) => chain.some((one) => joiner.conflicts(one, next).length > 0);
    const last = groups.findLastIndex((chains) => chains.some(depends));
    const before = (groups[last] ?? []).filter(depends);
    if (before.length === 1 && joiner.fits(groups[last]!.flat(), next) && joiner.follows(before[0]!, next)) {
      before[0]!.push(next);
      continue;
    }
    const group = groups.slice(last + 1).find((chains) => joiner.fits(chains.flat(), next));
    if (group) group.push([next]);
    else groups.push([[next]]);
  }
  return groups;
}
