/** A list of launches for several threads: those worth it cut into pieces, the others left to the training thread. */
import type { Launches } from './fusedLaunches';
import { argumentsOf, assemble, type Call, type Import, kernelImports } from './linkedLaunches';
import { type Partials, type Piece, splitLaunch } from './split';
import type { Program, Team } from './threads';
import type { LaunchFunction } from './wasm';

const imported = (name: string, parameters: number, returns: boolean): Import => ({
  module: 't',
  name,
  parameters,
  returns,
});

/** Distinct kernels, in the order that they were first asked for. */
class Places {
  readonly kernels: LaunchFunction[] = [];
  private readonly places = new Map<LaunchFunction, number>();

  of(kernel: LaunchFunction): number {
    const known = this.places.get(kernel);
    if (known !== undefined) return known;
    this.places.set(kernel, this.kernels.length);
    return this.kernels.push(kernel) - 1;
  }
}

/** A launch that is whole, or one cut into pieces. */
type Work = { whole: LaunchFunction; values: readonly number[] } | { pieces: readonly Piece[] };

/** Memory that lasts as long as a program. */
export interface Memory {
  take(bytes: number): number;
}

/**
 * @param launches in order
 * @param kernels ours, by name
 * @param memory for workspaces of the helpers and partial sums
 * @returns undefined where no launch is worth cutting
 */
export function linkForTeam(
  { kernels: functions, values }: Launches,
  kernels: ReadonlyMap<string, LaunchFunction>,
  team: Team,
  memory: Memory,
): Program | undefined {
  const nameOf = new Map([...kernels].map(([name, kernel]) => [kernel, name]));
  const work: Work[] = [];
  let workspaceBytes = 0;
  const partials: Partials = (bytes) => memory.take(bytes);
  functions.forEach((kernel, i) => {
    const split = splitLaunch(nameOf.get(kernel) ?? '', values[i]!, team.threads, partials);
    if (!split) {
      work.push({ whole: kernel, values: values[i]! });
      return;
    }
    workspaceBytes = Math.max(workspaceBytes, split.workspaceBytes);
    work.push({ pieces: split.pieces });
    for (const { name, values } of split.after) work.push({ whole: kernels.get(name)!, values });
  });
  const cut = work.flatMap((one) => ('pieces' in one ? [one.pieces] : []));
  if (cut.length === 0) return undefined;

  const helpers = Array.from({ length: team.threads - 1 }, (_, i) => i);
  const names = [...new Set(cut.flatMap((pieces) => pieces.map(({ name }) => name)))];
  return team.add(
    helpers.map((i) => new WebAssembly.Module(forHelper(cut, names, kernels, i + 1))),
    names,
    helpers.map(() => memory.take(workspaceBytes)),
    forTraining(work, kernels, team),
  );
}

/** The training thread's: whole launches, and of the others the pieces that it gets hold of. */
function forTraining(
  work: readonly Work[],
  kernels: ReadonlyMap<string, LaunchFunction>,
  team: Team,
): () => void {
  const places = new Places();
  const { begin, claim, end } = team.imports;
  const [beginAt, claimAt, endAt] = [begin, claim, end].map((each) => places.of(each as LaunchFunction));
  const calls: Call[] = work.flatMap((one): Call[] => {
    if ('whole' in one) return [{ at: places.of(one.whole), values: argumentsOf(one.whole, one.values) }];
    const pieces = one.pieces.map(({ name, values }, value) => {
      const kernel = kernels.get(name)!;
      return { at: places.of(kernel), values: argumentsOf(kernel, values), guard: { at: claimAt!, value } };
    });
    return [{ at: beginAt!, values: [] }, ...pieces, { at: endAt!, values: [] }];
  });
  const imports = kernelImports(places.kernels);
  imports[claimAt!]!.returns = true;
  const module = new WebAssembly.Module(assemble(imports, calls));
  const k = Object.fromEntries(places.kernels.map((kernel, i) => [String(i), kernel]));
  const run = new WebAssembly.Instance(module, { k }).exports.run as (unused: number) => void;
  return () => run(0);
}

/** A helper's: the pieces of launches that were cut, its own first. */
function forHelper(
  cut: readonly (readonly Piece[])[],
  names: readonly string[],
  kernels: ReadonlyMap<string, LaunchFunction>,
  thread: number,
): Uint8Array<ArrayBuffer> {
  const imports = [
    ...kernelImports(names.map((name) => kernels.get(name)!)),
    imported('arrive', 1, true),
    imported('claim', 1, true),
    imported('finish', 0, false),
  ];
  const [arrive, claim, finish] = [0, 1, 2].map((i) => names.length + i) as [number, number, number];
  const calls = cut.flatMap((pieces, i): Call[] => [
    { at: arrive, values: [i + 1], leaves: true },
    ...pieces.flatMap((_, k): Call[] => {
      const place = (k + thread) % pieces.length;
      const { name, values, workspace } = pieces[place]!;
      const own = argumentsOf(kernels.get(name)!, values).map((value, at) =>
        at === workspace ? undefined : value,
      );
      return [{ at: names.indexOf(name), values: own, guard: { at: claim, value: place }, after: finish }];
    }),
  ]);
  return assemble(imports, calls);
}
