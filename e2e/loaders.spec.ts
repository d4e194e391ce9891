/** CIFAR-10 batches, folders and zips of images, data sets of the hub: they open and train, bad ones leave everything. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import { HubStandIn, halves } from './support/hub';
import { expect, type Playground, test } from './support/playground';

const inUse = (playground: Playground) => playground.choice('Dataset').locator('option:checked');
const own = (playground: Playground) => playground.page.getByLabel('Own data', { exact: true });
const dialog = (playground: Playground) =>
  playground.page.getByRole('dialog', { name: 'Images from the Hugging Face hub' });

/** Images in a folder for each class, as paths and contents. */
const tree = (count: number): Record<string, Uint8Array> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`halves/${i % 2 ? 'right' : 'left'}/${i}.png`, halves(i, 12)]),
  );

/** A folder on the disk, gone after the test. */
async function withFolder(files: Record<string, Uint8Array>, use: (path: string) => Promise<void>) {
  const root = await mkdtemp(join(tmpdir(), 'qat-'));
  try {
    for (const [path, bytes] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), bytes);
    }
    await use(join(root, Object.keys(files)[0]!.split('/')[0]!));
  } finally {
    await rm(root, { recursive: true });
  }
}

/** A run of 50 steps on the spirals, and a check that it is still there. */
async function trained(playground: Playground): Promise<() => Promise<void>> {
  await playground.stopAt(50);
  await playground.trainTo(50);
  const scores = await playground.scores();
  return async () => {
    await expect(inUse(playground)).toHaveText('Two spirals');
    await expect(playground.status('Step')).toHaveText('50');
    expect(await playground.scores()).toEqual(scores);
  };
}

const hubTest = test.extend<{ hub: HubStandIn }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  hub: async ({}, use) => {
    const hub = await HubStandIn.start();
    await use(hub);
    await hub.stop();
  },
});

test('a folder of images opens, is scaled to the chosen size, and trains', async ({ playground }) => {
  await playground.open();
  await playground.choice('Image size').first().selectOption('28×28');
  await withFolder({ ...tree(60), 'halves/README.md': Buffer.from('about') }, async (path) => {
    await playground.page.getByLabel('Folder of images').setInputFiles(path);
    await expect(inUse(playground)).toHaveText('halves');
  });
  await expect(playground.page.getByText(/28×28×3 pixels, 2 classes/)).toBeVisible();
  await expect.poll(playground.fragment).toMatch(/data=own;images;name=halves;.*train=48;.*shape=28x28x3/);
  await playground.ready();
  await playground.button('Step').click();
  await expect(playground.status('Step')).toHaveText('1');

  // The same images as a zip are the same data.
  const hash = /hash=([0-9a-f]+)/.exec(playground.fragment())![1]!;
  const buffer = Buffer.from(zipSync(tree(60)));
  await own(playground).setInputFiles({ name: 'halves.zip', mimeType: 'application/zip', buffer });
  await expect(inUse(playground)).toHaveText('halves.zip');
  await expect.poll(playground.fragment).toContain(`hash=${hash}`);
});

test('bad folders and batches are refused by name, and the run in use goes on', async ({ playground }) => {
  await playground.open();
  const untouched = await trained(playground);
  await test.step('a text file among the images', async () => {
    await withFolder({ ...tree(10), 'halves/left/notes.txt': Buffer.from('hello') }, async (path) => {
      await playground.page.getByLabel('Folder of images').setInputFiles(path);
      await expect(playground.alert).toHaveText(/halves\/left\/notes\.txt.* is not an image/);
    });
    await untouched();
  });
  await test.step('a damaged image', async () => {
    const files = { ...tree(10), 'halves/left/bad.png': halves(1).subarray(0, 60) };
    const buffer = Buffer.from(zipSync(files));
    await own(playground).setInputFiles({ name: 'halves.zip', mimeType: 'application/zip', buffer });
    await expect(playground.alert).toHaveText(/halves\/left\/bad\.png.* is damaged/);
    await untouched();
  });
  await test.step('a CIFAR batch cut short', async () => {
    const buffer = Buffer.alloc(20 * 3073).subarray(0, 50_000);
    const file = { name: 'data_batch_1.bin', mimeType: 'application/octet-stream', buffer };
    await own(playground).setInputFiles(file);
    await expect(playground.alert).toHaveText(/data_batch_1\.bin.* ends early: .*stop within image 17/);
    await untouched();
  });
  await test.step('a whole one opens', async () => {
    const buffer = Buffer.alloc(20 * 3073, 3).fill(0, 3073, 6000);
    for (let at = 0, i = 0; at < buffer.length; at += 3073, i++) buffer[at] = i % 10;
    const file = { name: 'data_batch_1.bin', mimeType: 'application/octet-stream', buffer };
    await own(playground).setInputFiles(file);
    await expect(inUse(playground)).toHaveText('data_batch_1.bin');
    await expect(playground.page.getByText(/32×32×3 pixels, 10 classes/)).toBeVisible();
  });
});

hubTest(
  'a data set of the hub is offered, fetched when asked to, trains, and is kept',
  async ({ playground, hub, visitor }) => {
    await hub.serves(playground.page);
    await playground.open();
    expect(hub.asked).toEqual([]);
    await playground.button('Hub …').click();
    const chooser = dialog(playground);
    await expect(chooser.getByRole('button', { name: 'Fashion-MNIST' })).toBeVisible();
    await chooser.getByLabel('Name on the hub').fill('test/halves');
    await playground.page.keyboard.press('Enter');
    await expect(chooser.getByText('400 to train (train)')).toBeVisible();
    await expect(chooser.getByText('100 to test (test)')).toBeVisible();
    await expect(chooser.getByText('2 classes: left, right')).toBeVisible();
    await expect(inUse(playground)).toHaveText('Two spirals');
    await chooser.getByRole('button', { name: /^Fetch [\d.]+ KB$/ }).click();
    await expect(inUse(playground)).toHaveText('test/halves');
    await expect(playground.page.getByText(/8×8×3 pixels, 2 classes/)).toBeVisible();
    await playground.ready();
    await playground.stopAt(60);
    await playground.trainTo(60);
    expect(await playground.accuracy('QAT')).toBeGreaterThan(80);
    const scores = await playground.scores();
    await expect.poll(playground.fragment).toMatch(/data=own;hub;name=test%2Fhalves;.*stop=60/);

    await test.step('a link to it asks before it fetches', async () => {
      await hub.serves(visitor.page);
      const before = hub.asked.length;
      await visitor.page.goto(`./#${playground.fragment()}`);
      const wanted = visitor.page.getByRole('dialog', { name: 'Own data needed' });
      await expect(wanted).toContainText(
        /test\/halves \(500 examples\)\. Fetch it from the Hugging Face hub \([\d.]+ KB\)\?/,
      );
      expect(hub.asked).toHaveLength(before);
      await wanted.getByRole('button', { name: /^Fetch/ }).click();
      await expect(inUse(visitor)).toHaveText('test/halves');
      await visitor.ready();
      await visitor.trainTo(60);
      expect(await visitor.scores()).toEqual(scores);
    });

    await test.step('it is kept until it is forgotten', async () => {
      const before = hub.asked.length;
      await playground.choice('Dataset').selectOption('Moons');
      await playground.button('Hub …').click();
      await dialog(playground).getByRole('button', { name: 'Use test/halves' }).click();
      await expect(inUse(playground)).toHaveText('test/halves');
      expect(hub.asked).toHaveLength(before);
      await playground.button('Hub …').click();
      await dialog(playground).getByRole('button', { name: 'Forget test/halves' }).click();
      await expect(dialog(playground).getByText('Kept in this browser')).toHaveCount(0);
    });
  },
);

hubTest(
  'a fetch is cancelled half-way, and bad names and unlabelled images are refused',
  async ({ playground, hub }) => {
    await hub.serves(playground.page);
    await playground.open();
    const untouched = await trained(playground);
    await playground.button('Hub …').click();
    const chooser = dialog(playground);
    const name = chooser.getByLabel('Name on the hub');
    const lookUp = chooser.getByRole('button', { name: 'Look up' });

    await test.step('no labels', async () => {
      await name.fill('test/unlabelled');
      await lookUp.click();
      await expect(chooser.getByRole('alert')).toHaveText(/test\/unlabelled.* has no labels/);
    });
    await test.step('no name', async () => {
      await name.fill('not a name');
      await lookUp.click();
      await expect(chooser.getByRole('alert')).toHaveText(
        /is no name of a data set: write it as the hub does/,
      );
    });

    await test.step('cancelled half-way', async () => {
      hub.stalling = true;
      await name.fill('test/halves');
      await lookUp.click();
      await chooser.getByRole('button', { name: /^Fetch/ }).click();
      const bar = playground.page.getByRole('progressbar', { name: 'Fetching test/halves' });
      await expect.poll(() => hub.waiting).toBe(1);
      await expect.poll(() => bar.getAttribute('value').then(Number)).toBeGreaterThan(1000);
      await untouched();
      await playground.button('Cancel').click();
      await expect(bar).toHaveCount(0);
      // The connection is closed, not left to run.
      await expect.poll(() => hub.waiting).toBe(0);
      await expect(playground.alert).toHaveCount(0);
      await untouched();
    });

    await test.step('and can be fetched after all', async () => {
      hub.stalling = false;
      await playground.button('Hub …').click();
      await name.fill('test/halves');
      await lookUp.click();
      await chooser.getByRole('button', { name: /^Fetch/ }).click();
      await expect(inUse(playground)).toHaveText('test/halves');
    });
  },
);

hubTest('a hub that is not there is said to be so', async ({ playground, hub }) => {
  await hub.serves(playground.page);
  await playground.open();
  await hub.stop();
  await playground.button('Hub …').click();
  await dialog(playground).getByRole('button', { name: 'MNIST', exact: true }).click();
  await expect(dialog(playground).getByRole('alert')).toHaveText(
    /ylecun\/mnist.* could not be fetched because 127\.0\.0\.1:\d+ does not answer: check the connection/,
  );
  playground.complaints.length = 0; // the browser's own line about the refused connection
});
