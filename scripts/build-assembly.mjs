/**
 * Compiles src/kernels/assembly to build/assembly/kernels.wasm and kernels-fused.wasm, and src/deploy/assembly to build/assembly/integers.wasm, each
 * unless it is already newer than every source of it.
 *
 * The kernels share the memory of the tfjs wasm backend, whose own data lies at the low addresses, and the integer engine lays
 * out its memory itself. A data segment, a start function, or an import other than the memory would therefore corrupt it or
 * need support that is not there: any of them fails the build.
 *
 * Copies tfjs's own module too, with its memory shared between threads.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Folder of the sources by name of the module. */
const modules = {
  kernels: 'src/kernels/assembly',
  'kernels-fused': 'src/kernels/assembly',
  integers: 'src/deploy/assembly',
};

const flags = [
  '--enable',
  'simd',
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
];

/** The kernels' memory import states a most, in pages, as a memory between threads must (src/kernels/sharedMemory.ts). */
const bounded = ['--maximumMemory', '65536'];
const ownFlags = {
  kernels: bounded,
  // Products with fused multiply-add: assembly/tile.ts.
  'kernels-fused': [...bounded, '--enable', 'relaxed-simd'],
  integers: [],
};

/** Sections of a WebAssembly binary that the shared memory rules out, by their number in the specification. */
const forbiddenSections = new Map([
  [8, 'a start function'],
  [11, 'a data segment'],
]);

/** @returns {boolean} whether a compiled module is newer than all its sources and this script */
function upToDate(output, sources) {
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const folder = join(root, sources);
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return [...files, fileURLToPath(import.meta.url)].every((file) => statSync(file).mtimeMs < built);
}

/**
 * @param {Uint8Array} binary a WebAssembly module
 * @returns {{ id: number, start: number }[]} its sections, in order, and where their contents begin
 */
function sectionsOf(binary) {
  const sections = [];
  let position = 8;
  while (position < binary.length) {
    const id = binary[position++];
    let size = 0;
    let shift = 0;
    let byte;
    do {
      byte = binary[position++];
      size |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    sections.push({ id, start: position });
    position += size;
  }
  return sections;
}

/**
 * Throws a sentence if the module cannot live in another module's memory.
 * @param {Uint8Array} binary the compiled module
 * @param {string} sources the folder it was compiled from
 */
export function checkModule(binary, sources = modules.kernels) {
  for (const { id } of sectionsOf(binary)) {
    const what = forbiddenSections.get(id);
    if (what)
      throw new Error(
        `The compiled kernels contain ${what}, which would overwrite or need the memory they are given. ` +
          `Remove static arrays, strings, classes and initialised globals from ${sources}.`,
      );
  }
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(binary)).map(
    (i) => `${i.module}.${i.name}`,
  );
  const unexpected = imports.filter((name) => name !== 'env.memory');
  if (unexpected.length > 0)
    throw new Error(
      `The compiled kernels import ${unexpected.join(', ')}, but only env.memory is provided. ` +
        `Avoid asserts, exceptions and the AssemblyScript heap in ${sources}.`,
    );
}

/** Builds a module if a source changed. The old one stays in place until the new one has passed its checks. */
async function build(name, sources) {
  const output = join(root, `build/assembly/${name}.wasm`);
  if (upToDate(output, sources)) return;
  const { default: asc } = await import('assemblyscript/asc');
  mkdirSync(join(root, 'build/assembly'), { recursive: true });
  const temporary = `build/assembly/${name}.${process.pid}.wasm`;
  const { error, stderr } = await asc.main([
    `${sources}/index.ts`,
    '--outFile',
    temporary,
    '--baseDir',
    root,
    ...flags,
    ...ownFlags[name],
  ]);
  try {
    if (error) throw new Error(`The WebAssembly of ${sources} does not compile:\n${stderr.toString()}`);
    // Node may lack instructions of kernels-fused, which comes from the same sources as kernels.
    const binary = readFileSync(join(root, temporary));
    if (name !== 'kernels-fused' || WebAssembly.validate(binary)) checkModule(binary, sources);
    renameSync(join(root, temporary), output);
  } finally {
    rmSync(join(root, temporary), { force: true });
  }
}

/** Where tfjs's SIMD build lies, and our copy of it that shares its memory. */
const tfjs = 'node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
const sharedTfjs = 'build/assembly/tfjs-backend-wasm-simd-shared.wasm';

/**
 * tfjs's build without threads of its own, with its memory declared shared, and at most 2 GiB of it: browsers set the place
 * for shared memory aside at once. The code is the same: WebAssembly allows plain accesses to shared memory.
 * @param {Uint8Array} binary
 */
export function withSharedMemory(binary) {
  const memory = sectionsOf(binary).find(({ id }) => id === 5);
  // One memory, with a most of 65536 pages: flags 1, then the least in two bytes, then the most in three.
  const [count, flags, , , ...most] = memory ? binary.subarray(memory.start, memory.start + 7) : [];
  if (count !== 1 || flags !== 1 || most.join() !== '128,128,4')
    throw new Error(`The memory of ${tfjs} is not declared as in tfjs 4.22.`);
  const copy = Uint8Array.from(binary);
  copy[memory.start + 1] = 3;
  copy[memory.start + 6] = 2;
  return copy;
}

function shareTfjs() {
  const [from, to] = [join(root, tfjs), join(root, sharedTfjs)];
  const built = statSync(to, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > statSync(from).mtimeMs && built > statSync(fileURLToPath(import.meta.url)).mtimeMs) return;
  writeFileSync(`${to}.${process.pid}`, withSharedMemory(readFileSync(from)));
  renameSync(`${to}.${process.pid}`, to);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    for (const [name, sources] of Object.entries(modules)) await build(name, sources);
    shareTfjs();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
