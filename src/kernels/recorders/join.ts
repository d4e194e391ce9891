/**
 * Joins dispatches of a recorded segment that do not depend on each other into one: the workgroups of the first run the
 * first one's code, those after them the next one's. A dispatch may only move forward in time, past others that neither write
 * what it touches nor touch what it writes, so that every dispatch computes what it did.
 */
import { bindingOf, defaultWorkgroupSize, type ShaderSource, uniformMembers } from '../webgpu';
import { exactArithmetic } from '../wgsl';

/** A dispatch as it was recorded. */
export interface Recorded {
  /** Undefined for programs that are not ours: they stay alone. */
  readonly source: ShaderSource | undefined;
  /** In the order of the source's tensors; of others the result first. */
  readonly buffers: readonly GPUBuffer[];
  /** Whether each is written. */
  readonly written: readonly boolean[];
  readonly groups: number;
}

export interface Limits {
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

/** Most dispatches in one: code grows with each. */
const mostParts = 8;

/** A buffer as one part sees it. Parts share a binding where they see it as the same type. */
const bindingKeys = ({ source, buffers }: Recorded, ids: Map<GPUBuffer, number>): string[] =>
  buffers.map((buffer, i) => {
    if (!ids.has(buffer)) ids.set(buffer, ids.size);
    return `${ids.get(buffer)}/${source?.tensors[i]?.type ?? 'f32'}`;
  });

/** Bytes of workgroup memory that a shader declares as arrays. */
export function workgroupBytes(code: string): number {
  const arrays = code.matchAll(/var<workgroup>\s+\w+\s*:\s*array<(?:atomic<)?(vec[234]<)?\w+>*,\s*(\d+)u?>/g);
  return [...arrays].reduce((sum, [, vector, length]) => sum + Number(length) * (vector ? 16 : 4), 0);
}

interface Group<R> {
  readonly parts: R[];
  readonly read: Set<GPUBuffer>;
  readonly wrote: Set<GPUBuffer>;
}

/** @returns the dispatches in groups, each to be one dispatch, in an order that keeps every result */
export function groupsOf<R extends Recorded>(dispatches: readonly R[], limits: Limits): R[][] {
  const ids = new Map<GPUBuffer, number>();
  const groups: Group<R>[] = [];
  const fits = (parts: readonly R[], next: R): boolean => {
    if (parts.length >= mostParts) return false;
    const all = [...parts, next];
    const sizes = new Set(all.map(({ source }) => source?.workgroupSize ?? defaultWorkgroupSize));
    return (
      all.every(({ source }) => source) &&
      sizes.size === 1 &&
      new Set(all.flatMap((one) => bindingKeys(one, ids))).size <= limits.maxStorageBuffersPerShaderStage &&
      all.reduce((sum, { groups }) => sum + groups, 0) <= limits.maxComputeWorkgroupsPerDimension &&
      all.reduce((sum, { source }) => sum + workgroupBytes(source!.code), 0) <=
        limits.maxComputeWorkgroupStorageSize
    );
  };
  for (const next of dispatches) {
    const conflicts = ({ read, wrote }: Group<R>) =>
      next.buffers.some((buffer, i) => wrote.has(buffer) || (next.written[i] && read.has(buffer)));
    const first = groups.findLastIndex(conflicts) + 1;
    let group = groups.slice(first).find(({ parts }) => fits(parts, next));
    if (!group) {
      group = { parts: [], read: new Set(), wrote: new Set() };
      groups.push(group);
    }
    group.parts.push(next);
    next.buffers.forEach((buffer, i) => {
      (next.written[i] ? group.wrote : group.read).add(buffer);
    });
  }
  return groups.map(({ parts }) => parts);
}

/** Names that a shader declares for its whole module. */
function declaredIn({ tensors, code }: ShaderSource): Set<string> {
  const patterns = [
    /\bfn\s+(\w+)/g,
    /\bvar<[^>]*>\s*(\w+)/g,
    /^\s*(?:const|override|alias|struct)\s+(\w+)/gm,
  ];
  const found = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, name]) => name!));
  return new Set([...tensors.map(({ name }) => name), ...found]);
}

/** The code of a part with its own names. Members of structs, after a dot, keep theirs. */
function renamed(source: ShaderSource, nameOf: (name: string) => string, part: number): string {
  const own = declaredIn(source);
  return source.code.replace(/(?<![.\w])[A-Za-z_]\w*/g, (name) => {
    if (name === 'uniforms') return `uniforms.part${part}`;
    if (!own.has(name)) return name;
    return nameOf(name);
  });
}

export interface JoinedShader {
  readonly label: string;
  readonly code: string;
  /** The buffers in the order of bindings; the uniforms follow. */
  readonly buffers: readonly GPUBuffer[];
}

/** Several dispatches as one shader. Its uniforms are those of each part, and its number of workgroups, each from a multiple of 16 bytes on. */
export function joined(parts: readonly Recorded[]): JoinedShader {
  const ids = new Map<GPUBuffer, number>();
  const bindings = new Map<string, { index: number; buffer: GPUBuffer; declaration: string }>();
  const codes = parts.map((part, p) => {
    const source = part.source!;
    const keys = bindingKeys(part, ids);
    const names = new Map<string, string>();
    keys.forEach((key, i) => {
      const written = part.written[i]!;
      const index = bindings.get(key)?.index ?? bindings.size;
      names.set(source.tensors[i]!.name, `binding${index}`);
      if (!bindings.has(key) || written)
        bindings.set(key, {
          index,
          buffer: part.buffers[i]!,
          declaration: bindingOf(index, `binding${index}`, written, source.tensors[i]!.type),
        });
    });
    return renamed(source, (name) => names.get(name) ?? `${name}_${p}`, p);
  });
  const all = [...bindings.values()];
  const structs = parts.map(
    ({ source }, p) => `struct Uniforms${p} { ${uniformMembers(source!)} partGroups: i32, }`,
  );
  const members = parts.map((_, p) => `@align(16) part${p}: Uniforms${p},`);
  const branches = parts.map(
    (_, p) => `
  let count${p} = u32(uniforms.part${p}.partGroups);
  if (group${p} < count${p}) { main_${p}(group${p}, lane); return; }
  let group${p + 1} = group${p} - count${p};`,
  );
  return {
    label: parts.map(({ source }) => source!.name).join(' + '),
    buffers: all.map(({ buffer }) => buffer),
    code: `
${structs.join('\n')}
struct Uniforms { ${members.join(' ')} }
${all.map(({ declaration }) => declaration).join('\n')}
@group(0) @binding(${all.length}) var<uniform> uniforms: Uniforms;
${exactArithmetic}
${codes.join('\n')}
@compute @workgroup_size(${parts[0]!.source!.workgroupSize ?? defaultWorkgroupSize})
fn start(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  zero = bitcast<u32>(uniforms.part0.zero);
  let group0 = group.y * groups.x + group.x;${branches.join('')}
}
`,
  };
}
