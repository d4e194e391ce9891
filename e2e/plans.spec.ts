/** Precision plans: bits allocated by sensitivity, and bits as a function of the step. */
import { expect, numberIn, type Playground, test } from './support/playground';

const spirals = (rest: string) =>
  `v=1&seed=3&data=spirals;n=1200;noise=0.04;test=0.4;val=0.2&input=a8&net=dense;32;w8,pt;a8_dense;32;w8,pt;a8_dense;linear;w8,pt;a32&opt=adam;lr=0.01&batch=32&${rest}`;
const layers = ['dense1', 'dense2', 'dense3'] as const;

const tab = ({ page }: Playground, name: string) => page.getByRole('tab', { name, exact: true });
/** The bits that the table of the allocation would give to a layer. */
const allocatedBits = async ({ page }: Playground, layer: string) => {
  const row = page
    .getByRole('table', { name: 'Allocation' })
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: layer, exact: true }) });
  return Number(await row.locator('[data-b]').last().textContent());
};

test('sensitivities are measured, half of the bytes allocated, applied and trained', async ({
  playground,
}) => {
  const { page } = playground;
  await playground.open(spirals('stop=600'));
  const eight = await playground.number('Model size');
  await tab(playground, 'Allocate').click();
  await expect(playground.button('Measure sensitivities')).toBeDisabled();
  await playground.trainTo(600);
  await playground.button('Measure sensitivities').click();
  await expect(page.getByRole('table', { name: 'Allocation' })).toBeVisible();
  await expect(playground.status('Rank correlation')).toHaveText(/^ρ \u2212?[01]\.\d\d$/);
  await expect(page.getByText(/^step 600, \d+ validation examples$/)).toBeVisible();

  // Half of the bytes: the budget holds, and the ends keep 8 bits only where that is asked.
  await expect(page.getByRole('slider', { name: 'Budget', exact: true })).toHaveValue('50');
  const allocated = () => playground.number('Allocated size');
  expect(await allocated()).toBeLessThanOrEqual(eight / 2);
  expect(await allocated()).toBeGreaterThan(0.4 * eight);
  const free = await playground.number('Predicted harm');
  await page.getByRole('checkbox', { name: 'Keep first and last at 8 bits' }).check();
  expect(await allocatedBits(playground, 'dense1')).toBe(8);
  expect(await allocatedBits(playground, 'dense3')).toBe(8);
  expect(await allocatedBits(playground, 'dense2')).toBeLessThan(8);
  expect(await allocated()).toBeLessThanOrEqual(eight / 2);
  await page.getByRole('checkbox', { name: 'Keep first and last at 8 bits' }).uncheck();
  expect(await playground.number('Predicted harm')).toBe(free);

  const bits = await Promise.all(layers.map((layer) => allocatedBits(playground, layer)));
  const size = await playground.text('Allocated size');
  await playground.button('Apply').click();
  await expect(playground.status('Model size')).toHaveText(size);
  for (const [i, layer] of layers.entries())
    await expect(playground.bits('Weight', layer, bits[i]!)).toBeChecked();
  await expect(playground.button('Applied')).toBeDisabled();

  // One step back, and forth again; then the bits are trained.
  await playground.messages.getByRole('button', { name: 'Undo' }).click();
  for (const layer of layers) await expect(playground.bits('Weight', layer, 8)).toBeChecked();
  await playground.button('Apply').click();
  await expect(playground.status('Model size')).toHaveText(size);
  const { QAT: before } = await playground.scores();
  await playground.stopAt(1200);
  await playground.trainTo(1200);
  const { QAT: after } = await playground.scores();
  expect(after).not.toBe(before);
  expect(numberIn(after)).toBeGreaterThan(70);
  expect(await playground.text('Model size')).toBe(size);

  // What was trained is tried on noisy examples: without noise all three stand where the page says.
  await tab(playground, 'Robustness').click();
  await playground.button('Measure robustness').click();
  const clean = page.getByRole('table', { name: 'Accuracy under noise' }).getByRole('row').nth(1);
  for (const [i, network] of (['Float', 'PTQ', 'QAT'] as const).entries())
    await expect(clean.getByRole('cell').nth(i)).toHaveText((await playground.accuracy(network)).toFixed(1));
});

test('a schedule is made and moved by keyboard, trained, and kept in the link', async ({
  playground,
  visitor,
}) => {
  const { page } = playground;
  await playground.open(spirals('stop=400'));
  const timeline = page.getByRole('region', { name: 'Precision timeline' });
  const handles = timeline.getByRole('slider');
  await expect(handles).toHaveCount(0);

  await playground.button('Plan').focus();
  await page.keyboard.press('Enter');
  await playground.choice('Add to the plan').selectOption({ label: 'Stepwise' });
  await playground.choice('Layers, Stepwise').selectOption('dense2');
  await playground.field('Steps and bits, Stepwise').fill('0: 8, 100: 4, 300: 2');
  await page.keyboard.press('Enter');
  await expect(handles).toHaveCount(3);
  await page.keyboard.press('Escape');
  await expect(playground.choice('Add to the plan')).toHaveCount(0);

  // Arrow keys move a moment and its width; what is shown is taken with Enter.
  const last = handles.nth(2);
  await expect(last).toHaveAccessibleName('Stepwise, dense2, weights: these bits from here on');
  await last.focus();
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(last).toHaveAttribute('aria-valuenow', '299');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(last).toHaveAttribute('aria-valuetext', 'step 299, 3 bits');
  await expect.poll(playground.fragment).toContain('plan=steps;w;dense2;0-8,100-4,299-3');
  await expect(
    timeline.getByRole('img', { name: /dense1 8; dense2 8, then 4, then 3; dense3 8/ }),
  ).toBeVisible();
  const link = playground.fragment();

  await expect(playground.bits('Weight', 'dense2', 8)).toBeChecked();
  await playground.trainTo(400);
  await expect(playground.bits('Weight', 'dense2', 3)).toBeChecked();
  await expect(playground.bits('Weight', 'dense1', 8)).toBeChecked();
  const scores = await playground.scores();

  // The link brings the schedule, and the same training.
  await visitor.open(link);
  const theirs = visitor.page.getByRole('region', { name: 'Precision timeline' }).getByRole('slider');
  await expect(theirs).toHaveCount(3);
  await expect(theirs.nth(2)).toHaveAttribute('aria-valuetext', 'step 299, 3 bits');
  await visitor.trainTo(400);
  expect(await visitor.scores()).toEqual(scores);

  // A change by hand is an entry of the same timeline. What the run has passed starts it over, one Undo away.
  await playground.bits('Weight', 'dense1', 4).check();
  await expect(handles).toHaveCount(4);
  await expect(handles.last()).toHaveAccessibleName('Made by hand: dense1 W4');
  await handles.first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(playground.status('Step')).toHaveText('0');
  await expect(playground.bits('Weight', 'dense2', 7)).toHaveCount(0);
  await expect(handles.first()).toHaveAttribute('aria-valuetext', 'step 0, 7 bits');
  await playground.messages.getByRole('button', { name: 'Undo' }).click();
  await expect(playground.status('Step')).toHaveText('400');
  expect((await playground.scores()).Float).toBe(scores.Float);
  await expect(handles.first()).toHaveAttribute('aria-valuetext', 'step 0, 8 bits');

  // PTQ's settings are a part of the link too, and are in force at once.
  await playground.button('PTQ settings').click();
  await playground.choice('PTQ ranges, all layers').selectOption({ label: 'Min-max' });
  await page.getByRole('checkbox', { name: 'AdaRound' }).check();
  await expect.poll(playground.fragment).toContain('ptq=n512;minmax;ada');
  await page.keyboard.press('Escape');
  await playground.button('QAT settings').click();
  await playground.type('Distillation weight', '0.5');
  await expect.poll(playground.fragment).toContain('distill=0.5');
});
