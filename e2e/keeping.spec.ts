/** What outlives a reload: the experiment, its step and its weights; and each tab keeps its own. */
import { expect, Playground, test } from './support/playground';

test('a reload keeps experiment, step, curves and weights', async ({ playground }) => {
  await playground.open();
  await playground.choice('Dataset').selectOption('xor');
  await playground.bits('Weight', 'dense2', 3).check();
  await playground.stopAt(150);
  await playground.trainTo(150);
  const scores = await playground.scores();

  await playground.page.reload();
  await playground.ready();
  await expect(playground.choice('Dataset')).toHaveValue('xor');
  await expect(playground.bits('Weight', 'dense2', 3)).toBeChecked();
  await expect(playground.status('Step')).toHaveText('150');
  expect(await playground.scores()).toEqual(scores);

  // The weights themselves are back: going on gives what going on without a reload gives.
  await playground.stopAt(250);
  await playground.trainTo(250);
  const resumed = await playground.scores();
  await playground.button('Reset').click();
  await playground.trainTo(250);
  expect(await playground.scores()).toEqual(resumed);
});

test('a reload before the address has followed a change keeps the change', async ({ playground }) => {
  await playground.open();
  await playground.stopAt(20);
  await expect.poll(playground.fragment).toContain('stop=20');
  const before = playground.fragment();
  await playground.choice('Dataset').selectOption('circles');
  await playground.trainTo(20);
  const scores = await playground.scores();
  await expect.poll(playground.fragment).toContain('data=circles');
  // What the browser reloads if it is asked to in the half second in which the address is yet to follow.
  await playground.page.evaluate((hash) => history.replaceState(null, '', `#${hash}`), before);

  await playground.page.reload();
  await playground.ready();
  await expect(playground.choice('Dataset')).toHaveValue('circles');
  await expect(playground.status('Step')).toHaveText('20');
  expect(await playground.scores()).toEqual(scores);
  await expect.poll(playground.fragment).toContain('data=circles');
});

test('two tabs, and a copy of one of them, do not overwrite each other', async ({ playground }) => {
  const opened = async (page: Playground['page']) => {
    const tab = new Playground(page);
    await tab.ready();
    return tab;
  };
  const run = async (tab: Playground, dataset: string, steps: number) => {
    await tab.choice('Dataset').selectOption(dataset);
    await tab.stopAt(steps);
    await tab.trainTo(steps);
    return { tab, dataset, steps: String(steps), scores: await tab.scores() };
  };
  await playground.open();
  const first = await run(playground, 'moons', 60);
  const second = await playground.page.context().newPage();
  await second.goto('./');
  const other = await run(await opened(second), 'circles', 90);
  // A window opened from the page starts with a copy of its session, as a duplicated tab does.
  const popup = playground.page.waitForEvent('popup');
  await playground.page.evaluate(() => window.open(location.href));
  const copied = await opened(await popup);
  await expect(copied.choice('Dataset')).toHaveValue('moons');
  await expect(copied.status('Step')).toHaveText('60');
  const copy = await run(copied, 'xor', 120);

  for (const { tab, dataset, steps, scores } of [copy, first, other]) {
    await tab.page.reload();
    await tab.ready();
    await expect(tab.choice('Dataset')).toHaveValue(dataset);
    await expect(tab.status('Step')).toHaveText(steps);
    expect(await tab.scores()).toEqual(scores);
    expect(tab.complaints).toEqual([]);
  }
});

test('a fresh tab takes up the last run of a closed one', async ({ playground }) => {
  const context = playground.page.context();
  const before = new Playground(await context.newPage());
  await before.open();
  await before.choice('Dataset').selectOption('gaussians');
  await before.stopAt(40);
  await before.trainTo(40);
  const scores = await before.scores();
  await before.page.close();

  await playground.open();
  await expect(playground.choice('Dataset')).toHaveValue('gaussians');
  await expect(playground.status('Step')).toHaveText('40');
  expect(await playground.scores()).toEqual(scores);
});
