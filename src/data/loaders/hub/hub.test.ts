import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { datasetSchema } from '@/catalog/datasets';
import { DataFileError } from '../../error';
import { type HubFiles, listOf, parquet, partOf } from '../../testing/hub';
import { decodePng, plain } from '../../testing/png';
import type { OpenOptions } from '../loader';
import type { LoadingProgress } from '../progress';
import { fetchHub, lookUp } from './index';
import { hubNameOf } from './listing';
import { evenly, type Group, spread } from './select';

const hub = 'https://viewer.test';
const name = 'me/squares';
/** Images whose red value counts up; the label of each is `label(i)`. */
const rows = (count: number, label: (i: number) => number | string | null, first = 0) => ({
  images: Array.from({ length: count }, (_, i) => plain(4, (first + i) % 256, 1, 2)),
  labels: Array.from({ length: count }, (_, i) => label(i)),
});
const two = { classNames: ['left', 'right'] };
const parity = (i: number) => i % 2;
const squares: HubFiles = {
  'default/train/0000.parquet': parquet(rows(60, parity), { ...two, rowGroupSize: 20 }),
  'default/test/0000.parquet': parquet(rows(10, parity, 100), two),
};

interface Request {
  address: string;
  range: string | null;
}
/** Serves the files in place of the network; returns what was asked for. */
function serve(files: HubFiles, answer?: (request: Request) => Response | undefined): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal('fetch', async (address: string, { headers, signal }: RequestInit) => {
    signal?.throwIfAborted();
    const range = new Headers(headers).get('Range');
    asked.push({ address, range });
    const special = answer?.({ address, range });
    if (special) return special;
    if (address.startsWith(`${hub}/parquet`)) {
      const wanted = new URL(address).searchParams.get('dataset') ?? '';
      return wanted === name
        ? Response.json(listOf(name, files, 'https://files.test/f'))
        : new Response('', { status: 404 });
    }
    const bytes = files[address.replace('https://files.test/f/', '')]!;
    return new Response(partOf(bytes, range) as Uint8Array<ArrayBuffer>, { status: range ? 206 : 200 });
  });
  return asked;
}
const load = async (choice = {}, options: OpenOptions = {}) => {
  const opened = await fetchHub(hub, { name, ...choice }, { decode: decodePng, ...options });
  if (opened.kind !== 'dataset') throw new Error('A column was asked for.');
  return opened;
};
const refusal = async (action: Promise<unknown>) => {
  const error = await action.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataFileError);
  return (error as Error).message;
};
afterEach(() => vi.unstubAllGlobals());

describe('looking a data set up', () => {
  test('says what there is, without fetching an image', async () => {
    const asked = serve({
      ...squares,
      // so large that its table of contents is a small part of it
      'default/train/0000.parquet': parquet(rows(4000, parity), { ...two, rowGroupSize: 500 }),
    });
    const offer = await lookUp(hub, { name });
    expect(offer).toEqual({
      choice: { name, subset: 'default', imageColumn: 'image', classColumn: 'label' },
      subsets: ['default'],
      imageColumns: ['image'],
      classColumns: ['label'],
      host: 'files.test',
      parts: [
        { part: 'train', split: 'train', rows: 4000, of: 4000 },
        { part: 'test', split: 'test', rows: 10, of: 10 },
      ],
      bytes: expect.any(Number),
      classNames: ['left', 'right'],
    });
    expect(asked[0]).toEqual({ address: `${hub}/parquet?dataset=me%2Fsquares`, range: null });
    const [from = 0, to = 0] = /(\d+)-(\d+)$/.exec(asked[1]!.range!)!.slice(1).map(Number);
    expect(to - from).toBeLessThan(2 ** 17);
    expect(offer.bytes).toBeGreaterThan(4000);
  });

  test('takes names as people write them, and no others', () => {
    expect(hubNameOf(' ylecun/mnist ')).toBe('ylecun/mnist');
    expect(hubNameOf('https://huggingface.co/datasets/uoft-cs/cifar10/')).toBe('uoft-cs/cifar10');
    expect(hubNameOf('mnist')).toBe('mnist');
    for (const bad of ['', 'a/b/c', '../x', 'a b', '//x', 'a?b=c'])
      expect(() => hubNameOf(bad), bad).toThrow('is no name of a data set');
  });

  test('lets one choose among subsets and columns', async () => {
    serve({
      'big/train/0.parquet': parquet(rows(6, parity), { ...two, imageColumn: 'img' }),
      'default/train/0.parquet': parquet(rows(4, parity), { ...two, labelColumn: 'side_label' }),
    });
    expect(await lookUp(hub, { name })).toMatchObject({
      choice: { subset: 'default', classColumn: 'side_label' },
      subsets: ['default', 'big'],
    });
    expect(await lookUp(hub, { name, subset: 'big' })).toMatchObject({
      choice: { subset: 'big', imageColumn: 'img' },
    });
    expect(await refusal(lookUp(hub, { name, subset: 'gone' }))).toMatch('has no subset "gone" any more');
    expect(await refusal(lookUp(hub, { name, classColumn: 'x' }))).toMatch('has no column "x" any more');
  });
});

describe('fetching a data set', () => {
  test('gives the images with their classes, and the same data every time', async () => {
    serve(squares);
    const { spec, dataset } = await load();
    expect(datasetSchema.parse(spec)).toEqual(spec);
    expect(spec).toMatchObject({ format: 'hub', name, train: 60, test: 10, shape: [4, 4, 3], classes: 2 });
    expect(spec).not.toHaveProperty('subset');
    expect(dataset.classNames).toEqual(['left', 'right']);
    for (let i = 0; i < 60; i++) {
      expect(dataset.train.x[i * 48]).toBe(i);
      expect(dataset.train.y[i]).toBe(i % 2);
    }
    expect(dataset.test.x[0]).toBe(100);
    expect(await load()).toEqual({ kind: 'dataset', spec, dataset });
  });

  test('downloads the bytes that were offered, and tells how far it is', async () => {
    serve(squares);
    const { bytes } = await lookUp(hub, { name });
    const heard: LoadingProgress[] = [];
    const { spec } = await load({}, { progress: (progress) => heard.push(progress) });
    expect(spec.bytes).toBe(bytes);
    expect(heard[0]).toEqual({ unit: 'bytes', done: 0, total: bytes });
    expect(heard.findLast(({ unit }) => unit === 'bytes')).toEqual({
      unit: 'bytes',
      done: bytes,
      total: bytes,
    });
    expect(heard.at(-1)).toEqual({ unit: 'images', done: 70, total: 70 });
  });

  test('keeps a validation split apart, and tests on it where there is no test split', async () => {
    const files = {
      'default/train/0.parquet': parquet(rows(8, parity), two),
      'default/validation/0.parquet': parquet(rows(4, parity), two),
    };
    serve({ ...files, 'default/test/0.parquet': parquet(rows(2, parity), two) });
    expect((await load()).spec).toMatchObject({ train: 8, validation: 4, test: 2 });
    serve(files);
    expect((await load()).spec).toMatchObject({ train: 8, test: 4 });
  });

  test('keeps a fifth for testing where there is one split alone, or the test labels are secret', async () => {
    const train = { 'default/all/0.parquet': parquet(rows(50, parity), two) };
    serve(train);
    expect((await load()).spec).toMatchObject({ train: 40, test: 10 });
    serve({
      ...train,
      'default/test/0.parquet': parquet(
        rows(9, () => -1),
        two,
      ),
    });
    expect((await load()).spec).toMatchObject({ train: 40, test: 10 });
  });

  test('names classes by the labels where the file does not, words and numbers alike', async () => {
    serve({ 'default/train/0.parquet': parquet(rows(20, (i) => (i % 2 ? 'dog' : 'cat'))) });
    expect((await load()).dataset.classNames).toEqual(['cat', 'dog']);
    serve({ 'default/train/0.parquet': parquet(rows(40, (i) => [10, 9, 2][i % 3]!)) });
    expect((await load()).dataset.classNames).toEqual(['2', '9', '10']);
  });

  test('records subset and columns where there was a choice', async () => {
    serve({ 'a/train/0.parquet': parquet(rows(10, parity), two), ...squares });
    expect((await load({ subset: 'a' })).spec).toMatchObject({ subset: 'a', train: 8 });
  });

  test('ends at once when it is cancelled, half-way through a file', async () => {
    const controller = new AbortController();
    let ended = false;
    serve(squares, ({ address, range }) => {
      // the images of the training part: half of them come, then nothing more
      if (!address.includes('train') || !range?.startsWith('bytes=4-')) return undefined;
      const body = new ReadableStream<Uint8Array>({
        start: (stream) => {
          stream.enqueue(new Uint8Array(1000));
          controller.signal.addEventListener('abort', () => stream.error(controller.signal.reason));
        },
        cancel: () => {
          ended = true;
        },
      });
      return new Response(body, { status: 206 });
    });
    const loading = load(
      {},
      {
        signal: controller.signal,
        progress: ({ done }) => {
          if (done > 0) controller.abort();
        },
      },
    );
    await expect(loading).rejects.toMatchObject({ name: 'AbortError' });
    expect(ended).toBe(false); // the abort had already ended it
  });
});

describe('refused in a sentence', () => {
  test('no labels, no images', async () => {
    serve({ 'default/train/0.parquet': parquet(rows(4, parity), { labelColumn: null }) });
    expect(await refusal(lookUp(hub, { name }))).toBe(
      '"me/squares" has no labels: none of its columns ("image") says the class of an image; choose a data set for image classification.',
    );
    serve({
      'default/train/0.parquet': parquet(
        rows(4, () => 'a caption'),
        { labelColumn: 'caption' },
      ),
    });
    expect(await refusal(lookUp(hub, { name }))).toMatch(
      'has no labels: none of its columns ("image", "caption")',
    );
    const textOnly = parquet(rows(4, parity));
    serve({ 'default/train/0.parquet': textOnly });
    expect(await refusal(lookUp(hub, { name, imageColumn: 'label' }))).toMatch('has no column "label"');
  });

  test('too many classes, or a single one', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => `c${i}`);
    serve({ 'default/train/0.parquet': parquet(rows(4, parity), { classNames: many }) });
    expect(await refusal(lookUp(hub, { name }))).toMatch('has 1,000 classes, and at most 100');
    serve({ 'default/train/0.parquet': parquet(rows(4, () => 'same')) });
    expect(await refusal(load())).toMatch('has images of one class alone');
  });

  test('a class that the file does not name, and pictures that are elsewhere', async () => {
    serve({
      'default/train/0.parquet': parquet(
        rows(4, (i) => i),
        two,
      ),
    });
    expect(await refusal(load())).toMatch('has the class "2" at image 3 of me/squares, train');
    const elsewhere = { images: [null, null] as unknown as Uint8Array[], labels: [0, 1] };
    serve({ 'default/train/0.parquet': parquet(elsewhere, two) });
    expect(await refusal(load())).toMatch('holds no picture for image 1 of me/squares, train');
  });

  test.each([
    [401, 'is not public, or does not exist'],
    [403, 'is not public'],
    [404, 'was not found'],
    [429, 'the hub was asked too often: wait a minute'],
    [500, 'cannot be read as images from viewer.test (HTTP 500)'],
  ])('HTTP %i', async (status, sentence) => {
    serve(squares, () => new Response('{}', { status }));
    const message = await refusal(lookUp(hub, { name }));
    expect(message).toMatch(/^"me\/squares" /);
    expect(message).toContain(sentence);
  });

  test('no connection, no list, a body cut short, a server without ranges', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await refusal(lookUp(hub, { name }))).toMatch(
      'because viewer.test does not answer: check the connection',
    );
    serve(squares, () => new Response('<html>'));
    expect(await refusal(lookUp(hub, { name }))).toMatch('answers with something that is no list');
    serve(squares, () => Response.json({ parquet_files: [{ url: 'javascript:alert(1)' }] }));
    expect(await refusal(lookUp(hub, { name }))).toMatch('is no list of files');
    serve(squares, () => Response.json({ parquet_files: [] }));
    expect(await refusal(lookUp(hub, { name }))).toMatch('has no parquet files');
    serve(squares, ({ range }) => (range ? new Response(new Uint8Array(9), { status: 206 }) : undefined));
    expect(await refusal(lookUp(hub, { name }))).toMatch('ended early: files.test sent less than it has');
  });

  test('files that are no parquet, are damaged in their images, or anywhere in their table of contents', async () => {
    const { 'default/train/0000.parquet': good } = squares;
    serve({ 'default/train/0000.parquet': new Uint8Array(400) });
    expect(await refusal(lookUp(hub, { name }))).toMatch('the hub sends something that is no parquet file');
    serve({ 'default/train/0000.parquet': Uint8Array.from(good!).fill(0, 4, 900) });
    expect(await refusal(load())).toMatch('a parquet file of it is damaged');
    const contents = new DataView(good!.buffer).getUint32(good!.length - 8, true) + 8;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: contents }), fc.nat(255), async (fromEnd, value) => {
        const changed = Uint8Array.from(good!);
        changed[changed.length - fromEnd] = value;
        serve({ 'default/train/0000.parquet': changed });
        try {
          expect((await lookUp(hub, { name })).bytes).toBeLessThan(good!.length);
        } catch (error) {
          if (!(error instanceof DataFileError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('which row groups are fetched', () => {
  const groups = (count: number, each: number): Group[] =>
    Array.from({ length: count }, (_, i) => ({
      file: {} as Group['file'],
      start: i * each,
      rows: each,
      bytes: 10 * each,
      ranges: [],
    }));

  test('all of a small split; runs from eight places of a large one, close to the limit', () => {
    const small = groups(10, 100);
    expect(spread(small, { rows: 1000, bytes: 1e9 })).toEqual(small);
    const chosen = spread(groups(600, 100), { rows: 20_000, bytes: 1e9 });
    const taken = chosen.reduce((sum, { rows: count }) => sum + count, 0);
    expect(taken).toBeGreaterThanOrEqual(20_000);
    expect(taken).toBeLessThanOrEqual(20_800);
    const starts = chosen.filter(({ start }, i) => start !== (chosen[i - 1]?.start ?? Number.NaN) + 100);
    expect(starts.map(({ start }) => start)).toEqual([
      0, 7500, 15_000, 22_500, 30_000, 37_500, 45_000, 52_500,
    ]);
  });

  test('fewer where the rows are heavy, and the only one there is', () => {
    const chosen = spread(groups(600, 100), { rows: 20_000, bytes: 50_000 });
    expect(chosen.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(60_000);
    expect(spread(groups(1, 60_000), { rows: 20_000, bytes: 1e9 })).toHaveLength(1);
    expect(evenly(6, 3)).toEqual([0, 2, 4]);
    expect(evenly(2, 3)).toEqual([0, 1]);
  });
});
