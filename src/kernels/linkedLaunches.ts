/**
 * A list of launches as one function: a WebAssembly module made on the spot, whose body is nothing but calls with constant
 * arguments. A call from JavaScript costs about as much as the work of a small kernel.
 */
import type { LaunchFunction } from './wasm';

/** A call of an imported function. An argument that is undefined is the parameter of the linked function. */
export interface Call {
  /** Its place among the imports. */
  at: number;
  values: readonly (number | undefined)[];
  /** Calls only if that import, given this number, returns other than 0. */
  guard?: { at: number; value: number };
  /** An import that is called afterwards, without arguments. */
  after?: number;
  /** Returns from the linked function if the call gives other than 0. */
  leaves?: boolean;
}

export interface Import {
  module: string;
  name: string;
  /** How many int32 it takes, and whether it returns one. */
  parameters: number;
  returns: boolean;
}

/** Opcodes and section numbers of the binary format (WebAssembly Core Specification, chapter 5). */
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const sections = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const codes = {
  i32: 0x7f,
  function: 0x60,
  constant: 0x41,
  parameter: 0x20,
  call: 0x10,
  if: 0x04,
  empty: 0x40,
  return: 0x0f,
  end: 0x0b,
} as const;

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

/** The binary. It exports `run`, which takes one int32. */
export function assemble(imports: readonly Import[], calls: readonly Call[]): Uint8Array<ArrayBuffer> {
  const kinds = new Map<string, { parameters: number; returns: boolean }>();
  const kindOf = ({ parameters, returns }: { parameters: number; returns: boolean }): number => {
    const key = `${parameters} ${returns}`;
    if (!kinds.has(key)) kinds.set(key, { parameters, returns });
    return [...kinds.keys()].indexOf(key);
  };
  const own = kindOf({ parameters: 1, returns: false });
  const places = imports.map(kindOf);

  const body: number[] = [0];
  const number = (value: number) => {
    body.push(codes.constant);
    append(body, signed(value));
  };
  const call = (at: number) => {
    body.push(codes.call);
    append(body, unsigned(at));
  };
  for (const { at, values, guard, after, leaves } of calls) {
    if (guard) {
      number(guard.value);
      call(guard.at);
      body.push(codes.if, codes.empty);
    }
    for (const value of values) {
      if (value === undefined) body.push(codes.parameter, 0);
      else number(value);
    }
    call(at);
    if (after !== undefined) call(after);
    if (leaves) body.push(codes.if, codes.empty, codes.return, codes.end);
    if (guard) body.push(codes.end);
  }
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
    [...kinds.values()].map(({ parameters, returns }) => [
      codes.function,
      ...list(Array.from({ length: parameters }, () => [codes.i32])),
      ...list(returns ? [[codes.i32]] : []),
    ]),
  );
  section(
    sections.import,
    imports.map(({ module, name }, i) => [...text(module), ...text(name), 0, ...unsigned(places[i]!)]),
  );
  section(sections.function, [unsigned(own)]);
  section(sections.export, [[...text('run'), 0, ...unsigned(imports.length)]]);
  section(sections.code, [[...unsigned(body.length), ...body]]);
  return Uint8Array.from(bytes);
}

/** Kernels as imports, in their order. */
export const kernelImports = (kernels: readonly LaunchFunction[]): Import[] =>
  kernels.map(({ length }, i) => ({ module: 'k', name: String(i), parameters: length, returns: false }));

/** As many arguments as a kernel takes: what is missing is 0. */
export const argumentsOf = (kernel: LaunchFunction, values: readonly number[]): number[] =>
  Array.from({ length: kernel.length }, (_, i) => values[i] ?? 0);

/**
 * @param kernels functions of int32 without a result: exported ones of a module, or JavaScript
 * @param values the arguments of each, whole numbers of 32 bits
 * @returns what calls all of them in order
 */
export function linkLaunches(kernels: readonly LaunchFunction[], values: readonly number[][]): () => void {
  const functions = [...new Set(kernels)];
  const places = new Map(functions.map((kernel, i) => [kernel, i]));
  const calls = kernels.map((kernel, i) => ({
    at: places.get(kernel)!,
    values: argumentsOf(kernel, values[i]!),
  }));
  const module = new WebAssembly.Module(assemble(kernelImports(functions), calls));
  const imports = Object.fromEntries(functions.map((kernel, i) => [String(i), kernel]));
  const run = new WebAssembly.Instance(module, { k: imports }).exports.run as (unused: number) => void;
  return () => run(0);
}
