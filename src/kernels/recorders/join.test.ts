import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShaderSource } from '../webgpu';
import { inlined } from './inline';
import { type Chain, groupsOf, type Recorded, workgroupBytes } from './join';
import { joined } from './joinedShader';

const limits = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 1024,
  maxComputeWorkgroupsPerDimension: 100,
};
const buffers = Array.from({ length: 12 }, () => ({}) as GPUBuffer);

const sourceOf = (count: number, more: Partial<ShaderSource> = {}): ShaderSource => ({
  name: 'test',
  tensors: Array.from({ length: count }, (_, i) => ({ name: `t${i}`, use: 'in' })),
  uniforms: [],
  code: 'fn main(group: u32, lane: u32) {}',
  ...more,
});
/** @param uses which buffers, negative ones (less 1) are written */
const dispatch = (uses: number[], more: Partial<ShaderSource> = {}, groups = 1): Recorded => ({
  source: sourceOf(uses.length, more),
  buffers: uses.map((use) => buffers[use < 0 ? -use - 1 : use]!),
  written: uses.map((use) => use < 0),
  groups,
});
const writes = (buffer: number): number => -buffer - 1;
/** Groups of chains as places in the list; a chain of one is just its place. */
const indices = (all: Recorded[]) =>
  groupsOf(all, limits).map((group) =>
    group.map((chain) => {
      const places = chain.map((one) => all.indexOf(one));
      return places.length === 1 ? places[0] : places;
    }),
  );

test('what does not depend on each other is joined, what does is not', () => {
  const two = (uses: number[]) => dispatch(uses, {}, 2);
  const update = [two([writes(0), 1]), two([writes(2), 3]), two([writes(4), 0])];
  expect(indices(update)).toEqual([[0, 1], [2]]);
  // Written after it was read.
  expect(indices([two([writes(0), 1]), two([writes(1), 2])])).toEqual([[0], [1]]);
  // One that may move past others.
  expect(indices([two([writes(0), 1]), two([writes(2), 0]), two([writes(4), 5])])).toEqual([[0, 2], [1]]);
});

test('limits of the device hold', () => {
  const wide = (first: number) => dispatch([writes(first), first + 1, first + 2, first + 3, first + 4]);
  expect(indices([wide(0), wide(5)])).toEqual([[0], [1]]);
  // The same buffers read by both count once.
  expect(indices([dispatch([writes(0), 5, 6, 7, 8]), dispatch([writes(1), 5, 6, 7, 8])])).toEqual([[0, 1]]);
  expect(indices([dispatch([writes(0)], {}, 60), dispatch([writes(1)], {}, 60)])).toEqual([[0], [1]]);
  expect(indices([dispatch([writes(0)], { workgroupSize: 256 }), dispatch([writes(1)])])).toEqual([[0], [1]]);
  const code = 'var<workgroup> shared: array<f32, 200>;\nfn main(group: u32, lane: u32) {}';
  expect(indices([dispatch([writes(0)], { code }), dispatch([writes(1)], { code })])).toEqual([[0], [1]]);
  const foreign: Recorded = { ...dispatch([writes(2)]), source: undefined };
  expect(indices([dispatch([writes(0)]), foreign, dispatch([writes(1)])])).toEqual([[0, 2], [1]]);
});

test('bytes of workgroup memory', () => {
  expect(workgroupBytes('var<workgroup> a: array<f32, 64>;\nvar<workgroup> b : array<vec4<f32>, 8>;')).toBe(
    384,
  );
});

test('what needs its own workgroup’s results alone follows in the same one', () => {
  const reaching = (reach: 'thread' | 'column') => ({
    tensors: [{ name: 't0', use: 'inout', reach } as const, { name: 't1', use: 'in' } as const],
  });
  const first = dispatch([writes(0), 1], reaching('thread'), 3);
  expect(indices([first, dispatch([writes(0), 2], reaching('thread'), 3)])).toEqual([[[0, 1]]]);
  // Other workgroups, another reach, or a tensor of which nothing is said.
  expect(indices([first, dispatch([writes(0), 2], reaching('thread'), 2)])).toEqual([[0], [1]]);
  expect(indices([first, dispatch([writes(0), 2], reaching('column'), 3)])).toEqual([[0], [1]]);
  expect(indices([first, dispatch([writes(2), 0], reaching('thread'), 3)])).toEqual([[0], [1]]);
  // One workgroup sees all that it did itself.
  expect(indices([dispatch([writes(0), 1]), dispatch([writes(2), 0]), dispatch([writes(3), 2])])).toEqual([
    [[0, 1, 2]],
  ]);
  // What depends on two chains follows neither.
  expect(indices([dispatch([writes(0), 1]), dispatch([writes(2), 3]), dispatch([writes(4), 0, 2])])).toEqual([
    [0, 1],
    [2],
  ]);
});

/** Runs dispatches as symbols: a buffer's value is the name of the dispatch that wrote it and of what that read. */
function results(order: Recorded[], all: Recorded[]): string[] {
  const values = buffers.map((_, i) => `b${i}`);
  for (const one of order) {
    const seen = one.buffers.map((buffer) => values[buffers.indexOf(buffer)]!);
    one.buffers.forEach((buffer, i) => {
      if (one.written[i]) values[buffers.indexOf(buffer)] = `${all.indexOf(one)}(${seen})`.slice(0, 200);
    });
  }
  return values;
}

test('any dispatches compute in groups, in any order within each, what they compute one by one', () => {
  const use = fc.integer({ min: -buffers.length, max: buffers.length - 1 });
  const list = fc.array(
    fc.record({
      uses: fc.uniqueArray(use, {
        minLength: 1,
        maxLength: 4,
        selector: (each) => (each < 0 ? -each - 1 : each),
      }),
      groups: fc.integer({ min: 1, max: 2 }),
    }),
    { maxLength: 14 },
  );
  fc.assert(
    fc.property(list, (dispatches) => {
      const all = dispatches.map(({ uses, groups }) => dispatch(uses, {}, groups));
      const groups = groupsOf(all, limits);
      const orders: Chain<Recorded>[][] = [groups.flat(), groups.flatMap((group) => group.toReversed())];
      for (const order of orders) {
        expect(order.flat().length).toBe(all.length);
        expect(results(order.flat(), all)).toEqual(results(all, all));
      }
    }),
  );
});

test('parts keep their own names apart and share what they both read', () => {
  const code =
    'var<workgroup> total: f32;\nfn main(group: u32, lane: u32) { let u = uniforms; t0[u.t0Length] = t1[0] + total; }';
  const { code: whole, buffers: bound } = joined([
    [dispatch([writes(0), 2], { code })],
    [dispatch([writes(1), 2], { code })],
  ]);
  expect(bound).toEqual([buffers[0], buffers[2], buffers[1]]);
  expect(whole).toContain('let u = uniforms.part1; binding2[u.t0Length] = binding1[0] + total_1;');
  expect(whole).toContain('@binding(1) var<storage, read> binding1');
  expect(whole).toContain('@binding(2) var<storage, read_write> binding2');
});

const maker = (result: number, from: number): Recorded =>
  dispatch([writes(result), from], {
    tensors: [
      { name: 't0', use: 'out' },
      { name: 't1', use: 'in' },
    ],
    element: 'fn element(i: u32) -> f32 { return t1[i / 2u]; }',
  });
const reader = (result: number, from: number): Recorded =>
  dispatch([writes(result), from], {
    tensors: [
      { name: 't0', use: 'out' },
      { name: 't1', use: 'in', once: true },
    ],
    code: 'fn main(group: u32, lane: u32) { t0[lane] = 2.0 * t1[lane + u32(array(0, 1)[0])]; }',
  });

test('elements that one dispatch alone reads are computed there', () => {
  const kept = (all: Recorded[], alive: number[] = [], bindings = 8) =>
    inlined(all, new Set(alive.map((i) => buffers[i]!)), bindings).length;
  const pair = [maker(0, 1), reader(2, 0)];
  expect(kept(pair)).toBe(1);
  // Read afterwards, by another, or too many bindings.
  expect(kept(pair, [0])).toBe(2);
  expect(kept([...pair, dispatch([writes(3), 0])])).toBe(3);
  expect(kept(pair, [], 1)).toBe(2);
  // Read in another way.
  expect(kept([maker(0, 1), dispatch([writes(2), 0])])).toBe(2);
  // Written anew before anybody reads it again: whatever is there afterwards is another's.
  expect(
    kept(
      [
        ...pair,
        dispatch([writes(0), 3], {
          tensors: [
            { name: 't0', use: 'out' },
            { name: 't1', use: 'in' },
          ],
        }),
      ],
      [0],
    ),
  ).toBe(2);
  // What it is computed from is written in between, or by the reader.
  expect(kept([maker(0, 1), dispatch([writes(1)]), reader(2, 0)])).toBe(3);
  expect(kept([maker(0, 1), reader(1, 0)])).toBe(2);

  // A maker whose own input is not read element by element stays.
  expect(inlined([maker(0, 1), maker(3, 0), reader(2, 3)], new Set(), 8)).toHaveLength(2);
  const [one] = inlined(pair, new Set(), 8);
  const { code, buffers: bound, units } = joined([[one!]]);
  expect(bound).toEqual([buffers[1], buffers[2]]);
  expect(units).toHaveLength(2);
  expect(code).toContain('binding1[lane] = 2.0 * exact(element_1(u32(lane + u32(array(0, 1)[0]))));');
  expect(code).toContain('fn element_1(i: u32) -> f32 { return binding0[i / 2u]; }');
});
