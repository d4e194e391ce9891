/** Runs side by side: pinned, swept, restored, saved and read back. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect, numberIn, type Playground, test } from './support/playground';

const tiny = (seed: number, bits = 4) =>
  `v=1&seed=${seed}&data=moons;n=300;noise=0.1;test=0.5&input=a8&net=dense;8;w${bits};a4_dense;w8;a32&opt=adam;lr=0.01&batch=32&stop=60`;

const table = ({ page }: Playground) => page.getByRole('table', { name: 'Runs' });
const row = (playground: Playground, name: string) =>
  table(playground)
    .getByRole('row')
    .filter({ has: playground.page.getByRole('rowheader', { name, exact: true }) });
const tab = ({ page }: Playground, name: string) => page.getByRole('tab', { name, exact: true });

/** Opens a link over what is there, trains it to its end and pins it. */
async function pinned(playground: Playground, fragment: string): Promise<string> {
  await playground.page.evaluate((hash) => {
    location.hash = hash;
  }, fragment);
  await expect(playground.status('Step')).toHaveText('0');
  await playground.ready();
  await playground.trainTo(60);
  await playground.button('Pin this run').click();
  return playground.text('QAT accuracy');
}

test('two runs are pinned, compared and restored, and survive a reload and a file', async ({
  playground,
}, info) => {
  const { page } = playground;
  await playground.open(tiny(3));
  await expect(page.getByText('Pin a run to compare it').first()).toBeVisible();
  await playground.trainTo(60);
  await playground.button('Pin this run').click();
  await expect(row(playground, 'MLP 8, W4-8 A4')).toBeVisible();
  const four = await playground.accuracy('QAT');
  const size = await playground.text('Model size');
  const two = numberIn(await pinned(playground, tiny(3, 2)));

  // Named by what differs, with the numbers that the page showed.
  await expect(row(playground, 'W2-8 A4')).toContainText(two.toFixed(1));
  await expect(row(playground, 'W4-8 A4')).toContainText(four.toFixed(1));
  await expect(row(playground, 'W4-8 A4')).toContainText(size);
  await expect(row(playground, 'W4-8 A4')).toContainText(/\d \/ \d/);
  await expect(page.locator('[data-ghost]')).toHaveCount(2);

  await table(playground).getByRole('button', { name: 'Size' }).click();
  await expect(table(playground).getByRole('columnheader', { name: 'Size' })).toHaveAttribute(
    'aria-sort',
    'ascending',
  );
  const names = () => table(playground).getByRole('rowheader').allTextContents();
  expect(await names()).toEqual(['this run', 'W2-8 A4', 'W4-8 A4']);

  // A point of the chart restores its run, by the keyboard too; what was here is one Undo away.
  const points = page.getByRole('button', { name: /^W\d-8 A4: [\d.]+ %, \d+ B/ });
  await expect(points).toHaveCount(2);
  await points.last().focus();
  await expect(points.last()).toHaveAccessibleName(
    `W4-8 A4: ${four.toFixed(1)} %, ${size}${two < four ? ', on the front' : ''}`,
  );
  await page.keyboard.press('Enter');
  await expect(playground.messages).toContainText('W4-8 A4 was restored.');
  await expect(playground.bits('Weight', 'dense1', 4)).toBeChecked();
  await playground.trainTo(60);
  expect(await playground.accuracy('QAT')).toBe(four);

  await row(playground, 'W2-8 A4').getByRole('button', { name: 'Rename W2-8 A4' }).click();
  await playground.type('Name of W2-8 A4', 'two bits');
  await expect(row(playground, 'two bits')).toBeVisible();
  await page.reload();
  await playground.ready();
  await expect(row(playground, 'two bits')).toContainText(two.toFixed(1));

  const saving = page.waitForEvent('download');
  await playground.button('Save runs').click();
  const file = await (await saving).path();
  const text = await readFile(file, 'utf8');
  const csv = page.waitForEvent('download');
  await playground.button('CSV').click();
  const lines = (await readFile(await (await csv).path(), 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^run,seeds,weight_bits,/);

  await row(playground, 'two bits').getByRole('button', { name: 'Delete two bits' }).click();
  await expect(row(playground, 'two bits')).toHaveCount(0);
  await playground.messages.getByRole('button', { name: 'Undo' }).first().click();
  await expect(row(playground, 'two bits')).toBeVisible();

  const open = async (content: string) => {
    const path = info.outputPath('some-runs.json');
    await writeFile(path, content);
    const choosing = page.waitForEvent('filechooser');
    await playground.button('Open runs…').click();
    await (await choosing).setFiles(path);
  };
  // A corrupt file is refused in one sentence, and nothing is lost.
  await open(text.slice(0, text.length - 40));
  await expect(playground.alert).toContainText(
    '“some-runs.json” is not valid JSON: it may be cut off. No run was added.',
  );
  await open(text.replace('"kind":"moons"', '"kind":"lakes"'));
  await expect(playground.alert).toContainText('“some-runs.json”: run 1');
  expect((await names()).toSorted()).toEqual(['W4-8 A4', 'this run', 'two bits']);

  await playground.button('Delete all').click();
  await expect(table(playground)).toHaveCount(0);
  await open(text);
  await expect(row(playground, 'two bits')).toContainText(two.toFixed(1));
  await expect(playground.messages).toContainText('2 runs were added.');
});

test('a sweep of 12 runs goes on after a reload, and can be cancelled', async ({ playground }) => {
  const { page } = playground;
  await playground.open(tiny(1));
  await tab(playground, 'Sweep').click();
  const bits = page.getByRole('group', { name: 'Bits of the sweep' });
  await expect(bits.getByRole('checkbox', { checked: true })).toHaveCount(4);
  await playground.type('Seeds of the sweep', '3');
  // Long enough that it cannot end between two looks at it.
  await playground.type('Steps of the sweep', '20000');
  await expect(playground.status('Size of the sweep')).toHaveText('12 runs of 20,000 steps');
  await playground.button('Start sweep').click();
  const done = async () => numberIn(await playground.text('Sweep'));
  await expect.poll(done).toBeGreaterThanOrEqual(2);

  await playground.button('Pause sweep').click();
  const before = await done();
  await page.reload();
  await playground.ready();
  await expect(playground.button('Continue sweep')).toBeVisible();
  expect(await done()).toBeGreaterThanOrEqual(before);
  expect(await done()).toBeLessThan(12);
  await playground.button('Continue sweep').click();
  await expect(playground.button('Pause sweep')).toBeVisible();
  await page.reload();
  await playground.ready();
  await expect(playground.status('Sweep')).toHaveText('12 of 12 runs', { timeout: 60_000 });

  await tab(playground, 'Runs').click();
  await expect(table(playground).getByRole('rowheader')).toHaveCount(12);
  await page.getByRole('checkbox', { name: 'Mean over seeds' }).check();
  await expect(table(playground).getByRole('rowheader')).toHaveCount(4);
  await expect(row(playground, 'W2 A2 3 seeds')).toContainText(/[\d.]+ ± [\d.]+|100\.0/);

  // Another one is cancelled: what is finished stays.
  await tab(playground, 'Sweep').click();
  await playground.type('Steps of the sweep', '200000');
  await playground.button('Start sweep').click();
  await expect(playground.button('Pause sweep')).toBeVisible();
  await playground.button('Cancel sweep').click();
  await expect(playground.button('Start sweep')).toBeEnabled();
  await tab(playground, 'Runs').click();
  await expect(table(playground).getByRole('rowheader')).toHaveCount(4);
});
