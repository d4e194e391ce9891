/**
 * Compiles src/kernels/assembly to build/assembly/kernels.wasm, unless that is already newer than every source.
 *
 * The module shares the memory of the tfjs wasm backend, whose own data lies at the low addresses. A data segment, a
 * start function, or an import other than the memory would therefore corrupt it or need support that is not there: any
 * of them fails the build.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src/kernels/assembly');
const output = join(root, 'build/assembly/kernels.wasm');

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

/** Sections of a WebAssembly binary that the shared memory rules out, by their number in the specification. */
const forbiddenSections = new Map([
  [8, 'a start function'],
  [11, 'a data segment'],
]);

/** @returns {boolean} whether the compiled module is newer than all sources and this script */
function upToDate() {
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const files = readdirSync(sources, { recursive: true }).map((name) => join(sources, String(name)));
  return [...files, fileURLToPath(import.meta.url)].every((file) => statSync(file).mtimeMs < built);
}

/**
 * @param {Uint8Array} binary a WebAssembly module
 * @returns {number[]} the numbers of its sections, in order
 */
function sectionsOf(binary) {
  const sections = [];
  let position = 8;
  while (position < binary.length) {
    sections.push(binary[position++]);
    let size = 0;
    let shift = 0;
    let byte;
    do {
      byte = binary[position++];
      size |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    position += size;
  }
  return sections;
}

/**
 * Throws a sentence if the module cannot live in another module's memory.
 * @param {Uint8Array} binary the compiled module
 */
export function checkModule(binary) {
  for (const section of sectionsOf(binary)) {
    const what = forbiddenSections.get(section);
    if (what)
      throw new Error(
        `The compiled kernels contain ${what}, which would overwrite or need the memory they share with tfjs. ` +
          'Remove static arrays, strings, classes and initialised globals from src/kernels/assembly.',
      );
  }
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(binary)).map(
    (i) => `${i.module}.${i.name}`,
  );
  const unexpected = imports.filter((name) => name !== 'env.memory');
  if (unexpected.length > 0)
    throw new Error(
      `The compiled kernels import ${unexpected.join(', ')}, but only env.memory is provided. ` +
        'Avoid asserts, exceptions and the AssemblyScript heap in src/kernels/assembly.',
    );
}

/** Builds the module if a source changed. The old one stays in place until the new one has passed its checks. */
async function build() {
  if (upToDate()) return;
  const { default: asc } = await import('assemblyscript/asc');
  mkdirSync(join(root, 'build/assembly'), { recursive: true });
  const temporary = `build/assembly/kernels.${process.pid}.wasm`;
  const { error, stderr } = await asc.main([
    'src/kernels/assembly/index.ts',
    '--outFile',
    temporary,
    '--baseDir',
    root,
    ...flags,
  ]);
  try {
    if (error) throw new Error(`The WebAssembly kernels do not compile:\n${stderr.toString()}`);
    checkModule(readFileSync(join(root, temporary)));
    renameSync(join(root, temporary), output);
  } finally {
    rmSync(join(root, temporary), { force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await build();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
