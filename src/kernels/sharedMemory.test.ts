import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { importingShared, noRoom, sharedPages, sharingProblem } from './sharedMemory';

const binary = new Uint8Array(readFileSync('build/assembly/kernels.wasm'));
const tfjs = new Uint8Array(readFileSync('build/assembly/tfjs-backend-wasm-simd-shared.wasm'));

test('the kernels take memory of either kind, each by its own module', async () => {
  const own = new WebAssembly.Memory({ initial: 1, maximum: sharedPages });
  const shared = new WebAssembly.Memory({ initial: 1, maximum: sharedPages, shared: true });
  const plain = new WebAssembly.Module(binary);
  const sharing = new WebAssembly.Module(importingShared(binary));
  expect(() => new WebAssembly.Instance(plain, { env: { memory: own } })).not.toThrow();
  expect(() => new WebAssembly.Instance(sharing, { env: { memory: shared } })).not.toThrow();
  expect(() => new WebAssembly.Instance(sharing, { env: { memory: own } })).toThrow('shared');
});

test('a module without such an import is refused', () => {
  expect(() => importingShared(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toThrow('do not import');
});

test("tfjs's own module comes with a shared memory", async () => {
  const module = await WebAssembly.compile(tfjs);
  const imports = Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, () => 0]));
  const { exports } = await WebAssembly.instantiate(module, {
    env: imports,
    wasi_snapshot_preview1: imports,
  });
  expect((exports.memory as WebAssembly.Memory).buffer).toBeInstanceOf(SharedArrayBuffer);
});

afterEach(() => vi.unstubAllGlobals());

test('memory is shared where the page is isolated, and else a reason is given', () => {
  expect(sharingProblem()).toMatch(/^the server of this page does not send the headers/);
  vi.stubGlobal('crossOriginIsolated', true);
  expect(sharingProblem()).toBeUndefined();
  vi.stubGlobal('SharedArrayBuffer', undefined);
  expect(sharingProblem()).toBe('this browser shares no memory between threads');
  vi.stubGlobal('isSecureContext', false);
  expect(sharingProblem()).toMatch(/^threads need an address that begins with https/);
});

test('where there is no room for shared memory, that is the reason', () => {
  vi.stubGlobal('crossOriginIsolated', true);
  vi.stubGlobal('WebAssembly', {
    Memory: class {
      constructor() {
        throw new RangeError('WebAssembly.Memory(): could not allocate memory');
      }
    },
  });
  expect(sharingProblem()).toBe(noRoom);
});
