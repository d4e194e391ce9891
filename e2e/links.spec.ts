/** Links that cannot be read leave the person with a working page; links that can be read take nothing away for good. */
import { readFile } from 'node:fs/promises';
import { expect, type Playground, test } from './support/playground';

const good =
  'v=1&seed=9&data=moons;n=300;noise=0.1;test=0.5&input=a8&net=dense;8;w4;a4_dense;w8;a32&opt=adam;lr=0.01&batch=32';

const malformed: { what: string; fragment: string; alert: RegExp }[] = [
  {
    what: 'an unknown version',
    fragment: good.replace('v=1', 'v=7'),
    alert: /^The link is of version “7”, and this playground reads version 1\./,
  },
  {
    what: 'no version',
    fragment: good.replace('v=1&', ''),
    alert: /^The link does not say its version \(“v=”\)\./,
  },
  {
    what: 'too long',
    fragment: `${good}&do=${'9'.repeat(100_000)}`,
    alert: /^The link has 100,\d{3} characters; the most is 100,000\./,
  },
  {
    what: 'out of range',
    fragment: good.replace('dense;8', 'dense;4000'),
    alert: /^The link’s network, layer 1, units must be at most 1,024\./,
  },
  { what: 'nonsense', fragment: 'hello world', alert: /^The link has a part that is not key=value/ },
  {
    what: 'a key that every object has',
    fragment: `${good}&__proto__=1`,
    alert: /^The link has a part that is not known here: “__proto__”\./,
  },
  {
    what: 'a kind that every object has',
    fragment: good.replace('data=moons', 'data=__proto__'),
    alert: /^The link’s dataset is of a kind that is not known here: “__proto__”\./,
  },
];

const setHash = (playground: Playground, fragment: string) =>
  playground.page.evaluate((hash) => {
    location.hash = hash;
  }, fragment);

for (const { what, fragment, alert } of malformed)
  test(`a malformed link: ${what}`, async ({ playground }) => {
    await playground.open(fragment);
    await expect(playground.alert).toHaveText(alert);
    await expect(playground.choice('Dataset')).toHaveValue('spirals');
    await expect(playground.field('Seed')).toHaveValue('42');
    await playground.train.click();
    await playground.goesOn(5);
    await playground.pause.click();
    await playground.alert.getByRole('button', { name: 'Dismiss' }).click();
    await expect(playground.alert).toHaveCount(0);
  });

test('a bad link typed over a run leaves the run, and the address comes back', async ({ playground }) => {
  await playground.open(good);
  await playground.stopAt(40);
  await playground.trainTo(40);
  const scores = await playground.scores();
  await expect.poll(playground.fragment).toContain('stop=40');
  const address = playground.fragment();

  await setHash(playground, 'v=1&seed=');
  await expect(playground.alert).toHaveText(/^The link/);
  await expect.poll(playground.fragment).toBe(address);
  await expect(playground.status('Step')).toHaveText('40');
  expect(await playground.scores()).toEqual(scores);
  await playground.train.click();
  await playground.goesOn();
  await playground.pause.click();
});

test('an opened link waits at step 0, and Undo brings the replaced run back', async ({ playground }) => {
  await playground.open();
  await playground.stopAt(150);
  await playground.trainTo(150);
  const scores = await playground.scores();

  const replacedBy = async (open: () => Promise<unknown>) => {
    await open();
    await playground.ready();
    await expect(playground.choice('Dataset')).toHaveValue('moons');
    await expect(playground.status('Step')).toHaveText('0');
    await expect(playground.messages).toContainText(
      'The link was opened. The run before it, 150 steps, is kept.',
    );
    await playground.button('Undo').click();
    await expect(playground.choice('Dataset')).toHaveValue('spirals');
    await expect(playground.status('Step')).toHaveText('150');
    await expect.poll(playground.scores).toEqual(scores);
  };
  await test.step('typed into the address bar', () => replacedBy(() => setHash(playground, good)));
  await test.step('and left again by the Back of the browser', async () => {
    await expect.poll(playground.fragment).toContain('data=spirals');
    await setHash(playground, good);
    await expect(playground.choice('Dataset')).toHaveValue('moons');
    await playground.page.goBack();
    await expect(playground.choice('Dataset')).toHaveValue('spirals');
    await expect(playground.status('Step')).toHaveText('150');
    await expect(playground.alert).toHaveCount(0);
  });
  await test.step('opened after another page', () =>
    replacedBy(async () => {
      await playground.page.goto('about:blank');
      await playground.page.goto(`./#${good}`);
    }));

  // It is the run itself that came back: it trains on.
  await playground.train.click();
  await playground.goesOn();
  await playground.pause.click();
});

test('a preset chosen over a run is one Undo away', async ({ playground }) => {
  await playground.open(good);
  await playground.stopAt(30);
  await playground.trainTo(30);
  const scores = await playground.scores();
  await playground.choice('Network').selectOption({ index: 0 });
  await expect(playground.status('Step')).toHaveText('0');
  await playground.button('Undo').click();
  await expect(playground.status('Step')).toHaveText('30');
  await expect.poll(playground.scores).toEqual(scores);
});

test('an experiment file saves and opens', async ({ playground, visitor }) => {
  await playground.open(good);
  await playground.button('Export').click();
  const download = playground.page.waitForEvent('download');
  await playground.page.getByRole('menuitem', { name: 'Save experiment file' }).click();
  const path = await (await download).path();

  await visitor.open();
  await visitor.page.getByLabel('Own data', { exact: true }).setInputFiles({
    name: 'experiment.json',
    mimeType: 'application/json',
    buffer: await readFile(path),
  });
  await expect(visitor.choice('Dataset')).toHaveValue('moons');
  await expect.poll(visitor.fragment).toBe(good);
  await visitor.page.getByLabel('Own data', { exact: true }).setInputFiles({
    name: 'broken.json',
    mimeType: 'application/json',
    buffer: Buffer.from('{"format": "qat-playground/experiment", "version": 1'),
  });
  await expect(visitor.alert).toHaveText(/“broken\.json” is not valid JSON/);
  await expect(visitor.choice('Dataset')).toHaveValue('moons');
});
