/**
 * A list of launches as one function: a WebAssembly module made on the spot, whose body is nothing but calls with constant
 * arguments. A call from JavaScript costs about as much as the work of a small kernel.
 */
import type { LaunchFunction } from './wasm';

/** Opcodes and section numbers of the binary format (WebAssembly Core Specification, chapter 5). */
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const sections = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const codes = { i32: 0x7f, function: 0x60, constant: 0x41, call: 0x10, end: 0x0b } as const;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

/** Appends: a section may be longer than a call may have arguments. */
function append(to: number[], bytes: readonly number[]): void {
  for (const byte of bytes) to.push(byte);
}
const list = (items: readonly number[][]): number[] => {
  const bytes = unsigned(items.length);
  for (const item of items) append(bytes, item);
  return bytes;
};
const text = (name: string): number[] => list([...name].map((c) => [c.charCodeAt(0)]));

/** The binary. Functions are imported by their place among the distinct ones, with as many int32 as they take. */
function assemble(
  functions: readonly LaunchFunction[],
  kernels: readonly LaunchFunction[],
  values: readonly number[][],
): Uint8Array<ArrayBuffer> {
  const arities = [...new Set([0, ...functions.map(({ length }) => length)])];
  const places = new Map(functions.map((kernel, i) => [kernel, i]));
  const body: number[] = [0];
  kernels.forEach((kernel, i) => {
    for (let k = 0; k < kernel.length; k++) {
      body.push(codes.constant);
      append(body, signed(values[i]![k] ?? 0));
    }
    body.push(codes.call);
    append(body, unsigned(places.get(kernel)!));
  });
  body.push(codes.end);

  const bytes = [...header];
  const section = (id: number, items: readonly number[][]) => {
    const content = list(items);
    bytes.push(id);
    append(bytes, unsigned(content.length));
    append(bytes, content);
  };
  section(
    sections.type,
    arities.map((arity) => [
      codes.function,
      ...list(Array.from({ length: arity }, () => [codes.i32])),
      ...list([]),
    ]),
  );
  section(
    sections.import,
    functions.map((kernel, i) => [
      ...text('k'),
      ...text(String(i)),
      0,
      ...unsigned(arities.indexOf(kernel.length)),
    ]),
  );
  section(sections.function, [unsigned(arities.indexOf(0))]);
  section(sections.export, [[...text('run'), 0, ...unsigned(functions.length)]]);
  section(sections.code, [[...unsigned(body.length), ...body]]);
  return Uint8Array.from(bytes);
}

/**
 * @param kernels functions of int32 without a result: exported ones of a module, or JavaScript
 * @param values the arguments of each, whole numbers of 32 bits
 * @returns what calls all of them in order
 */
export function linkLaunches(kernels: readonly LaunchFunction[], values: readonly number[][]): () => void {
  const functions = [...new Set(kernels)];
  const module = new WebAssembly.Module(assemble(functions, kernels, values));
  const imports = Object.fromEntries(functions.map((kernel, i) => [String(i), kernel]));
  return new WebAssembly.Instance(module, { k: imports }).exports.run as () => void;
}
