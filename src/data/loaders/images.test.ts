import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { datasetInfo, datasetSchema } from '@/catalog/datasets';
import { DataFileError } from '../error';
import { openFiles } from '../open';
import { decodePng, plain, png } from '../testing/png';
import type { DataFile, OpenOptions } from './loader';
import type { LoadingProgress } from './progress';

const text = (value: string) => new TextEncoder().encode(value);
/** `count` images of each class; the class shows in the red value. */
const pets = (count: number, root = 'pets/'): DataFile[] =>
  ['cat', 'dog'].flatMap((name, k) =>
    Array.from({ length: count }, (_, i) => ({
      name: `${root}${name}/${String(i).padStart(3, '0')}.png`,
      bytes: plain(8, 100 * k + i, 7, 9),
    })),
  );
const open = async (files: DataFile[], options: OpenOptions = {}) => {
  const opened = await openFiles(files, { decode: decodePng, ...options });
  if (opened.kind !== 'dataset') throw new Error('A column was asked for.');
  expect(datasetSchema.parse(opened.spec)).toEqual(opened.spec);
  const { inputShape, view, train, test } = datasetInfo(opened.spec);
  const { dataset } = opened;
  expect([inputShape, view, train, test]).toEqual([
    dataset.inputShape,
    'images',
    dataset.train.count,
    dataset.test.count,
  ]);
  return opened;
};
const refusal = async (files: DataFile[], options: OpenOptions = {}) => {
  const error = await openFiles(files, { decode: decodePng, ...options }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataFileError);
  return (error as Error).message;
};

describe('a folder for each class', () => {
  test('is split by its own hash, a fifth of each class for testing', async () => {
    const { spec, dataset } = await open(pets(20));
    expect(spec).toMatchObject({ format: 'images', name: 'pets', train: 32, test: 8, shape: [8, 8, 3] });
    expect(dataset.classNames).toEqual(['cat', 'dog']);
    expect([...dataset.test.y].filter((y) => y === 1)).toHaveLength(4);
    for (const { x, y, count } of [dataset.train, dataset.test])
      for (let i = 0; i < count; i++) {
        const red = x[i * 192]!;
        expect(y[i]).toBe(red >= 100 ? 1 : 0);
        expect([...x.subarray(i * 192, i * 192 + 3)]).toEqual([red, 7, 9]);
      }
    // every image once
    const reds = [dataset.train, dataset.test].flatMap(({ x, count }) =>
      Array.from({ length: count }, (_, i) => x[i * 192]!),
    );
    expect(new Set(reds).size).toBe(40);
  });

  test('gives the same data in any order, from any place, and as a zip', async () => {
    const { spec, dataset } = await open(pets(10));
    const turned = await open(pets(10, 'home/me/pets/').toReversed());
    expect(turned.spec.hash).toBe(spec.hash);
    expect(turned.dataset).toEqual(dataset);
    const zipped = zipSync(Object.fromEntries(pets(10, 'x/').map(({ name, bytes }) => [name, bytes])));
    const unzipped = await open([{ name: 'pets.zip', bytes: zipped }]);
    expect(unzipped.dataset).toEqual(dataset);
    expect(unzipped.spec).toEqual({ ...spec, name: 'pets.zip' });
  });

  test('has another hash where an image or a class is another', async () => {
    const { spec } = await open(pets(10));
    const other = pets(10);
    other[3] = { name: other[3]!.name, bytes: plain(8, 250, 7, 9) };
    expect((await open(other)).spec.hash).not.toBe(spec.hash);
    const renamed = pets(10).map((file) => ({ ...file, name: file.name.replace('/cat/', '/cow/') }));
    expect((await open(renamed)).spec.hash).not.toBe(spec.hash);
  });

  test('keeps train, val and test where they stand above the classes', async () => {
    const files = [...pets(5, 'p/train/'), ...pets(2, 'p/val/'), ...pets(3, 'p/Test/')];
    const { spec, dataset } = await open(files);
    expect(spec).toMatchObject({ name: 'p', train: 10, test: 6, validation: 4 });
    expect(dataset.validation.count).toBe(4);
    expect([...dataset.test.y]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  test('may have classes called train and test', async () => {
    const files = ['train', 'test'].map((name) => ({ name: `t/${name}/1.png`, bytes: plain(4, 9) }));
    expect((await open(files)).dataset.classNames).toEqual(['test', 'train']);
  });

  test('is grey where all of it is, and numbers its classes by size', async () => {
    const files = ['10', '9', '1'].flatMap((name) =>
      [0, 1].map((i) => ({ name: `n/${name}/${i}.png`, bytes: plain(4, 60 + i) })),
    );
    const { spec, dataset } = await open(files);
    expect(dataset.classNames).toEqual(['1', '9', '10']);
    expect(spec.shape).toEqual([4, 4, 1]);
    expect(new Set([...dataset.train.x, ...dataset.test.x])).toEqual(new Set([60, 61]));
  });

  test('gets the commonest size, at most 64, or the one that is chosen', async () => {
    const wide = () => png(100, 50, () => [1, 2, 3]);
    const mixed = [
      ...pets(1),
      ...['cat', 'dog'].map((name) => ({ name: `pets/${name}/wide.png`, bytes: wide() })),
      { name: 'pets/dog/wide2.png', bytes: wide() },
    ];
    expect((await open(mixed)).spec.shape).toEqual([32, 64, 3]);
    expect((await open(mixed, { size: { height: 28, width: 28 } })).spec.shape).toEqual([28, 28, 3]);
  });

  test('leaves out what systems leave behind, and a read-me', async () => {
    const junk = ['.DS_Store', 'cat/._000.png', 'cat/Thumbs.db', 'README.md', '__MACOSX/cat/._000.png'];
    const files = [...pets(3), ...junk.map((name) => ({ name: `pets/${name}`, bytes: text('x') }))];
    expect((await open(files)).dataset).toEqual((await open(pets(3))).dataset);
  });

  test('tells how far it is, and stops when asked to', async () => {
    const heard: LoadingProgress[] = [];
    await open(pets(20), { progress: (progress) => heard.push(progress) });
    expect(heard.at(-1)).toEqual({ unit: 'images', done: 40, total: 40 });
    const controller = new AbortController();
    let decoded = 0;
    const stopping = openFiles(pets(200), {
      signal: controller.signal,
      decode: (...parameters) => {
        if (++decoded === 30) controller.abort();
        return decodePng(...parameters);
      },
    });
    await expect(stopping).rejects.toMatchObject({ name: 'AbortError' });
    expect(decoded).toBeLessThan(60);
  });
});

describe('refused, naming the file', () => {
  test('a text file among the images', async () => {
    const files = [...pets(3), { name: 'pets/cat/notes.txt', bytes: text('hello') }];
    expect(await refusal(files)).toBe(
      '"pets/cat/notes.txt" is not an image: keep only PNG, JPEG, WebP and GIF files in the folders of the classes.',
    );
  });

  test('an image outside the folders of the classes', async () => {
    expect(await refusal([...pets(3), { name: 'pets/stray.png', bytes: plain(8, 1) }])).toMatch(
      '"pets/stray.png" is in no folder of a class',
    );
    const inParts = [
      ...pets(3, 'p/train/'),
      ...pets(3, 'p/test/'),
      { name: 'p/test/a.png', bytes: plain(8, 1) },
    ];
    expect(await refusal(inParts)).toMatch('"p/test/a.png" is in no folder of a class');
  });

  test('one class alone, too many classes, and a class that is only tested', async () => {
    expect(await refusal(pets(3).slice(0, 3))).toMatch('"pets" holds images of one class alone, "cat"');
    const many = Array.from({ length: 101 }, (_, i) => ({ name: `m/${i}/a.png`, bytes: plain(2, i) }));
    expect(await refusal(many)).toMatch('"m" holds 101 folders of classes');
    const stray = [...pets(3, 'p/train/'), { name: 'p/test/cow/1.png', bytes: plain(8, 1) }];
    expect(await refusal(stray)).toMatch('"p/test/cow/1.png" is of a class without training images');
  });

  test('a damaged image, one cut in its header, and one too large to decode', async () => {
    const with_ = (bytes: Uint8Array) => [...pets(3), { name: 'pets/cat/x.png', bytes }];
    expect(await refusal(with_(plain(8, 1).subarray(0, 50)))).toMatch('"pets/cat/x.png" is damaged');
    expect(await refusal(with_(plain(8, 1).subarray(0, 20)))).toMatch('"pets/cat/x.png" is damaged');
    const bomb = plain(8, 1);
    new DataView(bomb.buffer).setUint32(16, 50_000);
    expect(await refusal(with_(bomb))).toMatch('"pets/cat/x.png" is 50,000×8 pixels, too large');
  });

  test('images where nothing can decode them', async () => {
    const error = await openFiles(pets(3)).catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch('"pets" holds images, which only a browser can decode');
  });
});

test('random folders only ever throw a DataFileError', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.nat(255).map((red) => plain(4, red)),
    fc.nat(60).map((end) => plain(4, 3).subarray(0, end)),
  );
  const segment = fc.constantFrom('train', 'test', 'val', 'a', 'b', '.', '', '..', '__proto__', 'x.png');
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ name: path, bytes }), { maxLength: 8 }), async (files) => {
      try {
        const opened = await openFiles(files, { decode: decodePng });
        if (opened.kind === 'dataset') datasetSchema.parse(opened.spec);
      } catch (error) {
        if (!(error instanceof DataFileError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
