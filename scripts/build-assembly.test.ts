import { expect, test } from 'vitest';
import { checkModule } from './build-assembly.mjs';

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const noParameters = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00];
const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
const section = (id: number, content: number[]) => [id, content.length, ...content];
const importMemory = section(2, [1, ...text('env'), ...text('memory'), 0x02, 0x00, 0x00]);
const importFunction = section(2, [1, ...text('env'), ...text('abort'), 0x00, 0x00]);
const module = (...sections: number[][]) => new Uint8Array([...header, ...sections.flat()]);

test('a module that only imports the memory passes', () => {
  expect(() => checkModule(module(importMemory))).not.toThrow();
});

test('a data segment fails the build', () => {
  const segment = section(11, [1, 0x00, 0x41, 0x00, 0x0b, 1, 0x2a]);
  expect(() => checkModule(module(importMemory, segment))).toThrow('data segment');
});

test('a start function fails the build', () => {
  const functions = section(3, [1, 0]);
  const code = section(10, [1, 2, 0, 0x0b]);
  expect(() => checkModule(module(noParameters, functions, section(8, [0]), code))).toThrow('start function');
});

test('an import besides the memory fails the build, by its name', () => {
  expect(() => checkModule(module(noParameters, importFunction))).toThrow('env.abort');
});
