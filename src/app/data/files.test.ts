import { expect, test } from 'vitest';
import { fromDrop } from './files';

const file = (name: string) => new File(['x'], name);
type Entry = Pick<FileSystemEntry, 'isFile' | 'isDirectory' | 'fullPath'>;
const leaf = (fullPath: string): Entry => ({
  ...{ isFile: true, isDirectory: false, fullPath },
  ...{ file: (then: (found: File) => void) => then(file(fullPath.split('/').at(-1)!)) },
});
/** Hands out its entries two at a time, as browsers do a hundred at a time. */
const folder = (fullPath: string, entries: Entry[]): Entry => ({
  ...{ isFile: false, isDirectory: true, fullPath },
  ...{
    createReader: () => {
      const left = [...entries];
      return { readEntries: (then: (found: Entry[]) => void) => then(left.splice(0, 2)) };
    },
  },
});
const transfer = (entries: (Entry | undefined)[], files: File[] = []) =>
  ({
    items: entries.map((entry) => ({ webkitGetAsEntry: () => entry ?? null })),
    files,
  }) as unknown as DataTransfer;

test('a dropped folder is walked through, with the place of each file in it', async () => {
  const cats = folder(
    '/pets/cat',
    ['1', '2', '3', '4', '5'].map((name) => leaf(`/pets/cat/${name}.png`)),
  );
  const pets = folder('/pets', [cats, leaf('/pets/README.md')]);
  const found = await fromDrop(transfer([pets, leaf('/more.png')]));
  expect(found.map(({ path }) => path)).toEqual([
    ...['1', '2', '3', '4', '5'].map((name) => `pets/cat/${name}.png`),
    'pets/README.md',
    'more.png',
  ]);
  expect(found[0]?.file.name).toBe('1.png');
});

test('files without a folder are taken as they are, entries or none', async () => {
  expect(await fromDrop(transfer([undefined], [file('a.csv')]))).toMatchObject([{ path: 'a.csv' }]);
  expect(await fromDrop(transfer([leaf('/a.csv')], [file('a.csv')]))).toMatchObject([{ path: 'a.csv' }]);
  expect(await fromDrop(null)).toEqual([]);
});

test('a folder that never ends is given up', async () => {
  const endless: Entry = folder('/x', []);
  Object.assign(endless, folder('/x', [endless, leaf('/x/a.png')]));
  expect((await fromDrop(transfer([endless]))).length).toBeLessThan(100);
});
