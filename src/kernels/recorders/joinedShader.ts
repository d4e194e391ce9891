/** The code of several dispatches as one shader (./join.ts). */
import { bindingOf, defaultWorkgroupSize, type ShaderSource, uniformMembers } from '../webgpu';
import { exactArithmetic } from '../wgsl';
import { type Chain, ownUses, type Recorded } from './join';

/** Names that a shader declares for its whole module. */
function declaredIn({ tensors }: ShaderSource, code: string): Set<string> {
  const patterns = [
    /\bfn\s+(\w+)/g,
    /\bvar<[^>]*>\s*(\w+)/g,
    /^\s*(?:const|override|alias|struct)\s+(\w+)/gm,
  ];
  const found = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, name]) => name!));
  return new Set([...tensors.map(({ name }) => name), ...found]);
}

/** Code with its own names. Members of structs, after a dot, keep theirs. */
function renamed(code: string, own: ReadonlySet<string>, nameOf: (name: string) => string): string {
  return code.replace(/(?<![.\w])[A-Za-z_]\w*/g, (name) => (own.has(name) ? nameOf(name) : name));
}

/** Code that calls a function where it read elements of a tensor. */
function computing(code: string, tensor: string, element: string): string {
  const start = new RegExp(`(?<![.\\w])${tensor}\\s*\\[`, 'g');
  let result = '';
  let from = 0;
  for (let found = start.exec(code); found; found = start.exec(code)) {
    let open = 1;
    let end = start.lastIndex;
    for (; open > 0; end++) open += Number(code[end] === '[') - Number(code[end] === ']');
    // As if it had been stored: no rounding of what computes it may merge with what follows.
    result += `${code.slice(from, found.index)}exact(${element}(u32(${code.slice(start.lastIndex, end - 1)})))`;
    from = end;
    start.lastIndex = end;
  }
  return result + code.slice(from);
}

export interface JoinedShader {
  readonly label: string;
  readonly code: string;
  /** The buffers in the order of bindings; the uniforms follow. */
  readonly buffers: readonly GPUBuffer[];
  /** Whose uniforms, and number of workgroups, follow each other in the uniforms, each from a multiple of 16 bytes on. */
  readonly units: readonly Recorded[];
}

interface Binding {
  index: number;
  buffer: GPUBuffer;
  declaration: string;
}

/** Collects the code of dispatches, each with names and uniforms of its own. */
class Writer {
  readonly units: Recorded[] = [];
  readonly codes: string[] = [];
  readonly bindings = new Map<string, Binding>();
  private readonly ids = new Map<GPUBuffer, number>();

  /** @param name of the function that the code is for @returns that function's name in the whole */
  add(one: Recorded, name: 'main' | 'element'): string {
    const unit = this.units.length;
    this.units.push(one);
    const source = one.source!;
    let code = name === 'main' ? source.code : source.element!;
    for (const { place, from } of one.inlined ?? [])
      code = computing(code, source.tensors[place]!.name, this.add(from, 'element'));
    const names = new Map([['uniforms', `uniforms.part${unit}`]]);
    ownUses(one).forEach((use, i) => {
      if (use && (i > 0 || name === 'main')) names.set(source.tensors[i]!.name, this.bind(use));
    });
    const own = declaredIn(source, code).add('uniforms');
    this.codes.push(renamed(code, own, (each) => names.get(each) ?? `${each}_${unit}`));
    return `${name}_${unit}`;
  }

  private bind({ buffer, type, written }: ReturnType<typeof ownUses>[number] & {}): string {
    if (!this.ids.has(buffer)) this.ids.set(buffer, this.ids.size);
    const key = `${this.ids.get(buffer)}/${type}`;
    const index = this.bindings.get(key)?.index ?? this.bindings.size;
    if (!this.bindings.has(key) || written)
      this.bindings.set(key, {
        index,
        buffer,
        declaration: bindingOf(index, `binding${index}`, written, type),
      });
    return `binding${index}`;
  }
}

const nameOf = ({ source, inlined = [] }: Recorded): string =>
  [...inlined.map(({ from }) => nameOf(from)), source!.name].join(' > ');

/** Chains of dispatches that do not depend on each other as one shader. */
export function joined(chains: readonly Chain<Recorded>[]): JoinedShader {
  const writer = new Writer();
  const branches = chains.map((chain, c) => {
    const head = writer.units.length;
    const calls = chain.map((one) => `${writer.add(one, 'main')}(group${c}, lane);`);
    return `
  let count${c} = u32(uniforms.part${head}.partGroups);
  if (group${c} < count${c}) {
    ${calls.join('\n    storageBarrier();\n    workgroupBarrier();\n    ')}
    return;
  }
  let group${c + 1} = group${c} - count${c};`;
  });
  const { units, bindings } = writer;
  const all = [...bindings.values()];
  const structs = units.map(
    ({ source }, u) => `struct Uniforms${u} { ${uniformMembers(source!)} partGroups: i32, }`,
  );
  return {
    label: chains.map((chain) => chain.map(nameOf).join(', ')).join(' + '),
    buffers: all.map(({ buffer }) => buffer),
    units,
    code: `
${structs.join('\n')}
struct Uniforms { ${units.map((_, u) => `@align(16) part${u}: Uniforms${u},`).join(' ')} }
${all.map(({ declaration }) => declaration).join('\n')}
@group(0) @binding(${all.length}) var<uniform> uniforms: Uniforms;
${exactArithmetic}
${writer.codes.join('\n')}
@compute @workgroup_size(${units[0]!.source!.workgroupSize ?? defaultWorkgroupSize})
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
