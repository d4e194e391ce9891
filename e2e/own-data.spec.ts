/** The person's own files: IDX pairs and tables open and train, bad ones are refused by name and leave everything. */
import {
  csv,
  cutOff,
  flowers,
  gzipped,
  idxImages,
  idxLabels,
  type UploadedFile,
  withFirstByte,
} from './support/files';
import { expect, type Playground, test } from './support/playground';

const upload = (playground: Playground, ...files: UploadedFile[]) =>
  playground.page.getByLabel('Own data', { exact: true }).setInputFiles(files);

/** The text of the dataset in use. */
const inUse = (playground: Playground) => playground.choice('Dataset').locator('option:checked');

test('a pair of IDX files opens, splits into training and test, and trains', async ({ playground }) => {
  await playground.open();
  await upload(playground, idxLabels(200), idxImages(200));
  await expect(inUse(playground)).toHaveText('squares-images.idx3-ubyte and its labels');
  await expect(playground.page.getByText('160 to train, 40 to test')).toBeVisible();
  await expect(playground.page.getByText('8×8×1 pixels, 4 classes')).toBeVisible();
  await expect(playground.status('Step')).toHaveText('0');
  await playground.train.click();
  await expect.poll(() => playground.accuracy('QAT')).toBeGreaterThan(95);

  // The same data, compressed, are other files but train as well; the run so far stays one Undo away.
  await playground.pause.click();
  await upload(playground, gzipped(idxImages(200)), gzipped(idxLabels(200)));
  await expect(inUse(playground)).toHaveText('squares-images.idx3-ubyte.gz and its labels');
  await expect(playground.messages).toContainText('is kept');
  await playground.train.click();
  await expect.poll(() => playground.accuracy('QAT')).toBeGreaterThan(95);
  await playground.pause.click();
});

test('files may be dropped anywhere on the page', async ({ playground }) => {
  await playground.open();
  const data = await playground.page.evaluateHandle(
    (files) => {
      const transfer = new DataTransfer();
      for (const { name, bytes } of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
      return transfer;
    },
    [idxImages(40), idxLabels(40)].map(({ name, buffer }) => ({ name, bytes: [...buffer] })),
  );
  const desk = playground.page.getByRole('region', { name: 'Network' });
  await desk.dispatchEvent('dragover', { dataTransfer: data });
  await expect(playground.page.getByText(/^Drop data \(files, a zip/)).toBeVisible();
  await desk.dispatchEvent('drop', { dataTransfer: data });
  await expect(inUse(playground)).toHaveText('squares-images.idx3-ubyte and its labels');
});

test('a table asks for its label column', async ({ playground }) => {
  await playground.open();
  await upload(playground, csv('flowers.csv', flowers(120)));
  const dialog = playground.page.getByRole('dialog', { name: 'Which column of flowers.csv is the class?' });
  await dialog.getByRole('combobox', { name: 'Label column' }).selectOption('species');
  await dialog.getByRole('button', { name: 'Use this column' }).click();
  await expect(inUse(playground)).toHaveText('flowers.csv');
  await expect(playground.page.getByText('3 features, 2 classes')).toBeVisible();
  await playground.train.click();
  await expect.poll(() => playground.accuracy('QAT')).toBeGreaterThan(95);
  await playground.pause.click();
  // Neither link nor address carry the data, only what they are.
  await expect
    .poll(playground.fragment)
    .toMatch(/data=own;csv;name=flowers\.csv;bytes=\d+;hash=[0-9a-f]{16};/);
});

const images = idxImages(100);
const labels = idxLabels(100);
const broken: { what: string; files: UploadedFile[]; alert: RegExp }[] = [
  {
    what: 'counts that disagree',
    files: [images, idxLabels(99)],
    alert: /squares-images\.idx3-ubyte.* holds 100 images but .*squares-labels\.idx1-ubyte.* 99 labels/,
  },
  {
    what: 'a bad magic number',
    files: [withFirstByte(images, 0x51), labels],
    alert: /squares-images\.idx3-ubyte.* is not an IDX file: it starts with the bytes 51 00 08 03/,
  },
  {
    what: 'a file cut off',
    files: [cutOff(images, 5000), labels],
    alert: /squares-images\.idx3-ubyte.* ends early/,
  },
  {
    what: 'a gzip that ends early',
    files: [cutOff(gzipped(images), 700), gzipped(labels)],
    alert: /squares-images\.idx3-ubyte\.gz.* ends early/,
  },
  {
    what: 'labels without images',
    files: [labels],
    alert: /squares-labels\.idx1-ubyte.* no file with their images/,
  },
  {
    what: 'images without labels',
    files: [images],
    alert: /squares-images\.idx3-ubyte.* no file with their labels/,
  },
  {
    what: 'an image alone',
    files: [{ name: 'cat.png', mimeType: 'image/png', buffer: Buffer.from('89504e470d0a1a0a0000', 'hex') }],
    alert: /cat\.png.* is in no folder of a class/,
  },
];

test('bad files are refused by name, and the run in use goes on', async ({ playground }) => {
  await playground.open();
  await playground.stopAt(50);
  await playground.trainTo(50);
  const scores = await playground.scores();
  const untouched = async () => {
    await expect(inUse(playground)).toHaveText('Two spirals');
    await expect(playground.status('Step')).toHaveText('50');
    expect(await playground.scores()).toEqual(scores);
  };
  for (const { what, files, alert } of broken)
    await test.step(what, async () => {
      await upload(playground, ...files);
      await expect(playground.alert).toHaveText(alert);
      await untouched();
    });

  await test.step('text in a column of numbers', async () => {
    const rows = flowers(40);
    rows[17] = rows[17]!.replace(/,[^,]+,/, ',high,');
    await upload(playground, csv('flowers.csv', rows));
    const dialog = playground.page.getByRole('dialog');
    await dialog.getByRole('combobox', { name: 'Label column' }).selectOption('species');
    await dialog.getByRole('button', { name: 'Use this column' }).click();
    await expect(playground.alert).toHaveText(
      /flowers\.csv.*, line 18, column .height.: .high. is not a number/,
    );
    await untouched();
  });

  await playground.alert.getByRole('button', { name: 'Dismiss' }).click();
  await expect(playground.alert).toHaveCount(0);
  await playground.train.click();
  await playground.goesOn();
  await playground.pause.click();
});

test('a link to own data asks for the file, and takes only the right one', async ({
  playground,
  visitor,
}) => {
  const table = csv('flowers.csv', flowers(120));
  await playground.open();
  await upload(playground, table);
  const chooser = playground.page.getByRole('dialog');
  await chooser.getByRole('combobox', { name: 'Label column' }).selectOption('species');
  await chooser.getByRole('button', { name: 'Use this column' }).click();
  await expect.poll(playground.fragment).toContain('data=own');
  await playground.stopAt(60);
  await playground.trainTo(60);
  const scores = await playground.scores();
  await expect.poll(playground.fragment).toContain('stop=60');

  await visitor.page.goto(`./#${playground.fragment()}`);
  const dialog = visitor.page.getByRole('dialog', { name: 'Own data needed' });
  const size = (table.buffer.length / 1024).toFixed(2);
  await expect(dialog).toContainText(`flowers.csv, ${size} KB (120 examples)`);
  const file = dialog.getByLabel('Choose flowers.csv');
  await file.setInputFiles(csv('flowers.csv', flowers(122)));
  await expect(dialog.getByRole('alert')).toHaveText(/flowers\.csv is another file/);
  await expect(inUse(visitor)).toHaveText('Two spirals');
  await file.setInputFiles({ ...table, name: 'renamed.csv' });
  await expect(dialog).toBeHidden();
  await expect(inUse(visitor)).toHaveText('flowers.csv');
  await visitor.ready();
  await visitor.trainTo(60);
  expect(await visitor.scores()).toEqual(scores);

  // The data are kept in this browser: a reload does not ask again.
  await visitor.page.reload();
  await visitor.ready();
  await expect(inUse(visitor)).toHaveText('flowers.csv');
  await expect(visitor.status('Step')).toHaveText('60');
  expect(await visitor.scores()).toEqual(scores);
});
