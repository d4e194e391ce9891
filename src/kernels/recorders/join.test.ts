import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShaderSource } from '../webgpu';
import { groupsOf, joined, type Recorded, workgroupBytes } from './join';

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
const indices = (all: Recorded[]) =>
  groupsOf(all, limits).map((group) => group.map((one) => all.indexOf(one)));

test('what does not depend on each other is joined, what does is not', () => {
  const update = [dispatch([writes(0), 1]), dispatch([writes(2), 3]), dispatch([writes(4), 0])];
  expect(indices(update)).toEqual([[0, 1], [2]]);
  // Written after it was read.
  expect(indices([dispatch([writes(0), 1]), dispatch([writes(1), 2])])).toEqual([[0], [1]]);
  // One that may move past others.
  expect(indices([dispatch([writes(0), 1]), dispatch([writes(2), 0]), dispatch([writes(4), 5])])).toEqual([
    [0, 2],
    [1],
  ]);
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
    fc.uniqueArray(use, { minLength: 1, maxLength: 4, selector: (each) => (each < 0 ? -each - 1 : each) }),
    { maxLength: 14 },
  );
  fc.assert(
    fc.property(list, (uses) => {
      const all = uses.map((each) => dispatch(each));
      const groups = groupsOf(all, limits);
      expect(groups.flat().length).toBe(all.length);
      expect(results(groups.flat(), all)).toEqual(results(all, all));
      expect(
        results(
          groups.flatMap((group) => group.toReversed()),
          all,
        ),
      ).toEqual(results(all, all));
    }),
  );
});

test('parts keep their own names apart and share what they both read', () => {
  const code =
    'var<workgroup> total: f32;\nfn main(group: u32, lane: u32) { let u = uniforms; t0[u.t0Length] = t1[0] + total; }';
  const { code: whole, buffers: bound } = joined([
    dispatch([writes(0), 2], { code }),
    dispatch([writes(1), 2], { code }),
  ]);
  expect(bound).toEqual([buffers[0], buffers[2], buffers[1]]);
  expect(whole).toContain('let u = uniforms.part1; binding2[u.t0Length] = binding1[0] + total_1;');
  expect(whole).toContain('@binding(1) var<storage, read> binding1');
  expect(whole).toContain('@binding(2) var<storage, read_write> binding2');
});
