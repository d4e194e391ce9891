import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { datasetInfo, datasetSchema } from '@/catalog/datasets';
import { volume } from '@/catalog/layers';
import { DataFileError } from './error';
import { type DataFile, type Opened, openFiles } from './open';
import { idx } from './testing/files';

const file = (name: string, bytes: Uint8Array | string): DataFile => ({
  name,
  bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes,
});
const turns = (count: number) => Array.from({ length: count }, (_, i) => i % 10);
const images = (count: number) =>
  idx(
    [count, 4, 5],
    Array.from({ length: count * 20 }, (_, i) => i % 251),
  );
const labels = (count: number) => idx([count], turns(count));
const table = 'x,y,z,label\n'.concat(
  ...Array.from({ length: 50 }, (_, i) => `${i},${i * i},${-i},${i % 2 ? 'a' : 'b'}\n`),
);

function dataset(opened: Opened) {
  if (opened.kind !== 'dataset') throw new Error('The label column was asked for.');
  return opened;
}
/** What holds of every dataset that was opened. */
function expectSound(opened: Opened) {
  const { spec, dataset: data } = dataset(opened);
  expect(datasetSchema.parse(spec)).toEqual(spec);
  const info = datasetInfo(spec);
  expect({ view: data.view, inputShape: data.inputShape, classes: data.classNames.length }).toEqual({
    view: info.view,
    inputShape: info.inputShape,
    classes: info.classes,
  });
  for (const [part, count] of [
    [data.train, info.train],
    [data.test, info.test],
  ] as const) {
    expect([part.count, part.y.length, part.x.length]).toEqual([
      count,
      count,
      count * volume(info.inputShape),
    ]);
    expect(Math.max(...part.y)).toBeLessThan(info.classes);
  }
}
const refusal = async (files: DataFile[], labelColumn?: number) => {
  const error = await openFiles(files, labelColumn === undefined ? {} : { labelColumn }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataFileError);
  return (error as Error).message;
};

afterEach(() => vi.unstubAllGlobals());

describe('IDX files', () => {
  test('a lone pair becomes 8,000 training and 2,000 test images of 10,000, and stays bytes', async () => {
    const opened = await openFiles([file('a-images', images(10_000)), file('a-labels', labels(10_000))]);
    expectSound(opened);
    const { spec, dataset: data } = dataset(opened);
    expect(spec).toMatchObject({ format: 'idx', train: 8000, test: 2000, shape: [4, 5, 1], classes: 10 });
    expect(spec.name).toBe('a-images and its labels');
    expect(data.train.x).toBeInstanceOf(Uint8Array);
    expect([...data.test.x.subarray(0, 3)]).toEqual(
      [8000 * 20, 8000 * 20 + 1, 8000 * 20 + 2].map((v) => v % 251),
    );
  });

  test('four files make a training and a test part, gzipped or not, in any order', async () => {
    const four = [
      file('train-images-idx3-ubyte.gz', gzipSync(images(60))),
      file('train-labels-idx1-ubyte', labels(60)),
      file('t10k-images-idx3-ubyte', images(20)),
      file('t10k-labels-idx1-ubyte.gz', gzipSync(labels(20))),
    ];
    const opened = await openFiles(four);
    expectSound(opened);
    expect(dataset(opened).spec).toMatchObject({ train: 60, test: 20 });
    expect(await openFiles(four.toReversed())).toEqual(opened);
  });

  test('carry the size and the SHA-256 of the files as they were given, images first', async () => {
    const packed = gzipSync(images(30));
    const { spec } = dataset(await openFiles([file('l', labels(30)), file('i', packed)]));
    const hash = createHash('sha256').update(packed).update(labels(30)).digest('hex').slice(0, 16);
    expect(spec).toMatchObject({ hash, bytes: packed.length + labels(30).length });
  });

  test('have names that an experiment can carry, however long they are', async () => {
    const opened = await openFiles([file('n'.repeat(500), images(30)), file('', labels(30))]);
    expectSound(opened);
    expect(dataset(opened).spec.name).toMatch(/^n{105} and its labels$/);
  });
});

describe('a CSV', () => {
  test('first asks for its label column', async () => {
    expect(await openFiles([file('iris.csv', table)])).toMatchObject({
      kind: 'columns',
      name: 'iris.csv',
      columns: ['x', 'y', 'z', 'label'],
      suggestion: 3,
    });
  });

  test('then becomes a dataset, always with the same split', async () => {
    const opened = await openFiles([file('iris.csv', table)], { labelColumn: 3 });
    expectSound(opened);
    const hash = createHash('sha256').update(table).digest('hex').slice(0, 16);
    expect(dataset(opened).spec).toMatchObject({
      format: 'csv',
      name: 'iris.csv',
      label: 3,
      hash,
      shape: [3],
    });
    expect(await openFiles([file('iris.csv', table)], { labelColumn: 3 })).toEqual(opened);
  });

  test('with two features is drawn as points', async () => {
    const text = table.replaceAll(/^([^,]*,[^,]*),[^,]*/gm, '$1');
    const opened = await openFiles([file('two.csv', text)], { labelColumn: 2 });
    expectSound(opened);
    expect(dataset(opened).dataset.view).toBe('points');
  });

  test('may be gzipped, start with a byte order mark or have any name', async () => {
    for (const given of [
      file('iris.csv.gz', gzipSync(table)),
      file('iris', `\ufeff${table}`),
      file('t10k.tsv', table.replaceAll(',', '\t')),
    ])
      expectSound(await openFiles([given], { labelColumn: 3 }));
  });
});

describe('refused, naming the file', () => {
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13);

  test('nothing, too much, or files of both kinds', async () => {
    expect(await refusal([])).toMatch('No file was chosen');
    expect(await refusal(new Array(5).fill(file('a', images(5))))).toMatch(
      '"a" and 4 more files are too many',
    );
    expect(await refusal([file('t.csv', table), file('u.csv', table)])).toMatch('"t.csv" is a table');
    expect(await refusal([file('i', images(5)), file('t.csv', table)])).toMatch('"t.csv" is a table');
  });

  test('an empty file', async () => {
    expect(await refusal([file('a', ''), file('i', images(5))])).toMatch('"a" is empty');
    expect(await refusal([file('a.csv', '\ufeff')])).toMatch('"a.csv" is empty');
  });

  test('a file of no kind that is known', async () => {
    expect(await refusal([file('song', Uint8Array.of(0xff, 0xfb, 0x90, 0))])).toBe(
      '"song" is of no kind that can be read (it starts with the bytes ff fb 90 00): choose IDX images with their labels, a CSV, CIFAR-10 batches, or a folder or zip of images.',
    );
    expect(await refusal([file('cat.png', png)])).toBe(
      '"cat.png" is in no folder of a class: put the images of each class into a folder with the name of the class.',
    );
    expect(await refusal([file('latin.csv', Uint8Array.of(0x61, 0xe4, 0x62))])).toMatch(
      '"latin.csv" is not text in UTF-8',
    );
  });

  test('an IDX file with a bad magic number', async () => {
    expect(await refusal([file('t10k-images-idx3-ubyte', png), file('l', labels(5))])).toMatch(
      /^"t10k-images-idx3-ubyte" is not an IDX file: it starts with the bytes 89 50 4e 47/,
    );
  });

  test('a gzip that ends early', async () => {
    const cut = gzipSync(images(500)).subarray(0, -20);
    expect(await refusal([file('i.gz', cut), file('l', labels(500))])).toMatch('"i.gz" ends early');
  });

  test('images without labels, labels without images, counts that disagree', async () => {
    expect(await refusal([file('i', images(5))])).toMatch('"i" holds images, but no file with their labels');
    expect(await refusal([file('l', labels(5))])).toMatch('"l" holds labels, but no file with their images');
    expect(await refusal([file('i', images(5)), file('l', labels(6))])).toMatch(
      '"i" holds 5 images but "l" 6 labels',
    );
  });

  test('text in a column of numbers', async () => {
    expect(await refusal([file('t.csv', table.replace('16,-4', 'x,-4'))], 3)).toBe(
      '"t.csv", line 6, column "y": "x" is not a number; correct it or leave the column out.',
    );
  });

  test('any file where the browser offers no checksum', async () => {
    vi.stubGlobal('crypto', {});
    expect(await refusal([file('i', images(5)), file('l', labels(5))])).toMatch('https or 127.0.0.1');
  });
});

test('random files only ever throw a DataFileError', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.string().map((text) => new TextEncoder().encode(text)),
    fc
      .uint8Array({ maxLength: 80 })
      .map((tail) => Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, ...tail])),
    fc.uint8Array({ maxLength: 20 }).map((content) => new Uint8Array(gzipSync(content))),
    fc.uint8Array({ maxLength: 12 }).map((values) => idx([values.length], values)),
    fc.uint8Array({ maxLength: 12 }).map((values) => idx([values.length, 1, 1], values)),
  );
  const files = fc.array(
    fc.record({ name: fc.oneof(fc.string(), fc.constantFrom('a.csv', 'train', 'test')), bytes }),
    {
      maxLength: 5,
    },
  );
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.option(fc.integer({ min: -1, max: 3 }), { nil: undefined }),
      async (given, label) => {
        try {
          const opened = await openFiles(given, label === undefined ? {} : { labelColumn: label });
          if (opened.kind === 'dataset') expectSound(opened);
        } catch (error) {
          if (!(error instanceof DataFileError)) throw error;
        }
      },
    ),
    { numRuns: 1000 },
  );
});

const mnist = (name: string) => fileURLToPath(new URL(`../../../shared/data/mnist/${name}`, import.meta.url));
const mnistNames = ['t10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz'];
const haveMnist = mnistNames.every((name) => existsSync(mnist(name)));
test.skipIf(!haveMnist)('the real MNIST test files open (skipped where ../shared has none)', async () => {
  const opened = await openFiles(mnistNames.map((name) => file(name, readFileSync(mnist(name)))));
  expectSound(opened);
  const { spec, dataset: data } = dataset(opened);
  expect(spec).toMatchObject({ train: 8000, test: 2000, shape: [28, 28, 1], classes: 10, bytes: 1_653_419 });
  // The first digits of the published test set.
  expect([...data.train.y.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  const counts = data.classNames.map(
    (_, label) => [...data.train.y, ...data.test.y].filter((y) => y === label).length,
  );
  expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  // Mean brightness of the published test set, 0.1325.
  let sum = 0;
  for (const { x } of [data.train, data.test]) for (const value of x) sum += value;
  expect(sum / 255 / (10_000 * 784)).toBeCloseTo(0.1325, 4);
});
