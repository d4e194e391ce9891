/** Quantizers chosen by layer and for all, while it trains: the run goes on, the record holds it, traps are mended. */
import { expect, type Playground, test } from './support/playground';

/** Two moons, learnt within some hundred steps at 4 bits. */
const experiment = (weights = 'w4', activations = 'a4') =>
  `v=1&seed=5&data=moons;n=400;noise=0.1;test=0.5&input=a8&net=dense;16;${weights};${activations}_dense;16;${weights};${activations}_dense;${weights};a32&opt=adam;lr=0.01&batch=32`;

const marker = (playground: Playground, text: string) =>
  playground.page.locator('svg text', { hasText: text }).first();
const strip = (playground: Playground, layer: string) =>
  playground.page.getByRole('article').filter({ has: playground.button(layer) });

test('of one layer and of all, while it trains', async ({ playground }) => {
  await playground.open(experiment());
  await playground.train.click();
  await expect.poll(() => playground.accuracy('QAT')).toBeGreaterThan(90);

  await playground.choice('Weight quantizer, dense2').selectOption('mse');
  await expect(playground.choice('Weight quantizer, dense2')).toHaveValue('mse');
  await expect(playground.choice('Weight quantizer')).toHaveValue('mixed');
  await playground.goesOn(50);
  await expect(marker(playground, 'dense2 MSE clipping')).toBeVisible();
  await expect.poll(playground.fragment).toMatch(/&do=\d+;dense2\.w\.mse$/);

  await playground.choice('Weight quantizer').selectOption('lsq');
  await expect(playground.choice('Weight quantizer, dense2')).toHaveValue('lsq');
  await expect.poll(playground.fragment).toMatch(/_\d+;w\.lsq$/);
  await playground.choice('Activation quantizer').selectOption('lsqplus');
  await expect.poll(playground.fragment).toMatch(/_\d+;a\.lsqplus$/);
  await playground.goesOn(300);
  await expect(playground.pause).toBeVisible();
  await expect(marker(playground, 'all A LSQ+')).toBeVisible();
  await expect.poll(() => playground.accuracy('QAT')).toBeGreaterThan(80);
  await playground.pause.click();
  await expect(playground.alert).toHaveCount(0);
});

test('further choices of a layer and of all', async ({ playground }) => {
  await playground.open(experiment());
  await playground.choice('Gradient, dense2').selectOption('ewgs');
  await playground.choice('Granularity, dense2').selectOption('tensor');
  await playground.choice('Rounding, dense2').selectOption('stochastic');
  await playground.choice('Range, dense2').selectOption('full');
  await expect.poll(playground.fragment).toContain('dense;16;w4,pt,fr,ewgs,sr;a4_dense;w4;a32');

  await playground.button('How all layers round').click();
  await playground.choice('Weight granularity, all layers').selectOption('tensor');
  await playground.choice('Activation gradient estimator, all layers').selectOption('soft');
  await playground.page.keyboard.press('Escape');
  await expect
    .poll(playground.fragment)
    .toContain('net=dense;16;w4,pt;a4,soft_dense;16;w4,pt,fr,ewgs,sr;a4,soft_');
  // LSQ has its own range: the choice shows it and cannot be made.
  await playground.choice('Weight quantizer, dense2').selectOption('lsq');
  await expect(playground.choice('Range, dense2')).toBeDisabled();
  await expect(playground.choice('Range, dense2')).toHaveValue('full');
});

test('a quantizer without an integer form says so before training, and offers its widths alone', async ({
  playground,
}) => {
  await playground.open(experiment());
  const dense2 = strip(playground, 'dense2');
  await expect(dense2.getByRole('img', { name: 'deploys to integer' })).toBeVisible();
  await playground.choice('Weight quantizer, dense2').selectOption('e2m1');
  const mark = dense2.getByRole('img', { name: 'simulation only' });
  await expect(mark).toBeVisible();
  await mark.hover();
  await expect(playground.page.getByRole('tooltip')).toContainText('has no integer form');

  await expect(playground.bits('Weight', 'dense2', 4)).toBeChecked();
  for (const width of [8, 6, 5, 3, 2, 1])
    await expect(playground.bits('Weight', 'dense2', width)).toBeDisabled();
  await playground.desk('Weight', 'dense2').getByText('8', { exact: true }).hover();
  await expect(playground.page.getByRole('tooltip')).toContainText('FP4 E2M1 has 4 bits and no other width');
  await playground.bits('Weight', 'dense2', 32).check();
  await playground.bits('Weight', 'dense2', 4).check();
  // Ternary weights have 2 bits, and the strip of bits under the chart follows.
  await playground.choice('Weight quantizer, dense2').selectOption('twn');
  await expect(playground.bits('Weight', 'dense2', 2)).toBeChecked();
  await expect(playground.status('Step')).toHaveText('0');
});

for (const name of ['Weight quantizer', 'Activation quantizer'])
  test(`each ${name.toLowerCase()} trains`, async ({ playground }) => {
    await playground.open(experiment());
    await playground.stopAt(200);
    const kinds = await playground
      .choice(name)
      .locator('option')
      .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
    expect(kinds.length).toBeGreaterThan(8);
    for (const kind of kinds)
      await test.step(kind, async () => {
        await playground.choice(name).selectOption(kind);
        await expect(playground.choice(name)).toHaveValue(kind);
        await playground.train.click();
        await expect(playground.status('Step')).toHaveText('200');
        await expect(playground.train).toBeEnabled();
        await expect(playground.alert).toHaveCount(0);
        expect(await playground.accuracy('QAT')).toBeGreaterThan(75);
        await playground.button('Reset').click();
        await expect(playground.status('Step')).toHaveText('0');
        await playground.ready();
      });
  });

test('the parameters that are learned move, and the gradient is drawn', async ({ playground }) => {
  await playground.open(experiment('w4,lsq', 'a4,lsqplus'));
  const detail = playground.page.getByRole('region', { name: 'Selected layer' });
  const step = detail.getByText('Step', { exact: true }).locator('..').locator('dd');
  const before = await step.textContent();
  await playground.train.click();
  await expect.poll(() => step.textContent()).not.toBe(before);
  await expect(step.locator('path')).toBeVisible();
  await playground.pause.click();
  await detail.getByText('Activations', { exact: true }).click();
  await expect(detail.getByText('Offset', { exact: true })).toBeVisible();
  await playground.choice('Gradient, dense2').selectOption('soft');
  await expect(detail.getByText('gradient 0, 2.1')).toBeVisible();
  await expect(detail.getByText(/clipped/)).toBeVisible();
});

test('a learned width moves, and the size of the model with it', async ({ playground }) => {
  await playground.open(experiment('w8,lbits,strong', 'a8'));
  const bytes = async () => Number.parseFloat((await playground.status('Model size').textContent()) ?? '');
  await expect(playground.choice('Penalty, dense2')).toHaveValue('strong');
  await expect(playground.choice('Granularity, dense2')).toBeDisabled();
  const before = await bytes();
  await playground.train.click();
  await expect.poll(bytes).toBeLessThan(0.8 * before);
  await playground.pause.click();
  await expect(strip(playground, 'dense2').getByText(/^W \d\.?\d* learned$/)).toBeVisible();
  const detail = playground.page.getByRole('region', { name: 'Selected layer' });
  await expect(detail.getByText('Bits', { exact: true }).locator('..').locator('path')).toBeVisible();
  await playground.choice('Penalty, dense2').selectOption('light');
  await expect.poll(playground.fragment).toMatch(/do=\d+;dense2\.w\.light$/);
  await expect(playground.alert).toHaveCount(0);
});

test('scales per group and dynamic activations say that they are computed with as floats', async ({
  playground,
}) => {
  await playground.open(experiment());
  const mark = strip(playground, 'dense2').getByRole('img', { name: /^deploys to/ });
  await expect(mark).toHaveAccessibleName('deploys to integer');
  await playground.choice('Granularity, dense2').selectOption('group16');
  await expect(mark).toHaveAccessibleName('deploys to float arithmetic');
  // LSQ finds no scales for groups: its own are per channel.
  await playground.choice('Weight quantizer, dense2').selectOption('lsq');
  await expect(playground.choice('Granularity, dense2')).toHaveValue('channel');
  await expect(mark).toHaveAccessibleName('deploys to integer');
  await playground.choice('Activation quantizer, dense2').selectOption('dynamic');
  await expect(mark).toHaveAccessibleName('deploys to float arithmetic');
  await playground.choice('Weight quantizer, dense2').selectOption('absmax');
  await playground.train.click();
  await expect.poll(() => playground.accuracy('QAT')).toBeGreaterThan(90);
  await playground.pause.click();
  const detail = playground.page.getByRole('region', { name: 'Selected layer' });
  await expect(detail).toContainText(/Scales\s*[\d,]*\d/);
  await detail.getByText('Activations', { exact: true }).click();
  await expect(detail).toContainText(/Scales\s*[\d,]*\d/);
});

test('a trap shows itself, and one click mends it', async ({ playground }) => {
  await playground.open(experiment('w4', 'a1'));
  await playground.train.click();
  const mend = playground.messages.getByRole('button', { name: 'Learn the step (LSQ)' });
  await expect(mend).toBeVisible();
  await expect(playground.messages).toContainText(/^1-bit outputs of dense\d are 0 or the largest one/);
  await playground.pause.click();
  const detail = playground.page.getByRole('region', { name: 'Selected layer' });
  await expect(detail).toContainText(/1-bit outputs of dense2/);
  await detail.getByRole('button', { name: 'Learn the step (LSQ)' }).click();
  await expect(playground.choice('Activation quantizer, dense2')).toHaveValue('lsq');
  await expect.poll(playground.fragment).toMatch(/do=\d+;dense2\.a\.lsq$/);
  await expect(detail).not.toContainText(/1-bit outputs of dense2/);
  await playground.train.click();
  await playground.goesOn(50);
  await playground.pause.click();
  await expect(marker(playground, 'dense2 A LSQ')).toBeVisible();
});

test('a layer’s detail gives way when the network is another', async ({ playground }) => {
  await playground.open(experiment('w4,lsq'));
  await playground.train.click();
  await playground.goesOn(20);
  for (const [dataset, layer] of [
    ['digits', 'conv2'],
    ['circles', 'dense2'],
  ] as const) {
    await playground.choice('Dataset').selectOption(dataset);
    await expect(playground.choice(`Weight quantizer, ${layer}`)).toBeVisible();
  }
  await expect(playground.alert).toHaveCount(0);
});

test('weights that oscillate are shown, lit up where they flip, and frozen in mid-run', async ({
  playground,
}) => {
  // Overlapping moons in small batches keep weights on the move: 6 % still oscillate after 60,000 steps.
  const restless = [
    ['noise=0.1', 'noise=0.4'],
    ['lr=0.01', 'lr=0.003'],
    ['batch=32', 'batch=8'],
  ] as const;
  await playground.open(restless.reduce((link, [from, to]) => link.replace(from, to), experiment('w4')));
  const detail = playground.page.getByRole('region', { name: 'Selected layer' });
  const oscillating = detail.locator('dl > div', { hasText: 'Oscillating' }).locator('dd');
  await expect(oscillating).toHaveText('0.0 %');
  await playground.train.click();
  await playground.goesOn(600);
  await expect(oscillating).toHaveText(/^[1-9]/);
  await expect(detail.locator('rect[data-flips]').first()).toBeVisible();
  await expect(strip(playground, 'dense2').getByText(/\d %\s*oscillating/)).toBeVisible();
  await detail.getByText('Oscillating', { exact: true }).hover();
  await expect(playground.page.getByRole('tooltip')).toContainText('turns back');

  await playground.choice('Oscillation, dense2').selectOption('freeze');
  await expect.poll(playground.fragment).toMatch(/&do=\d+;dense2\.w\.freeze$/);
  await expect(oscillating).toHaveText(/% frozen$/);
  await playground.button('How all layers round').click();
  await playground.choice('Weight oscillation, all layers').selectOption('damp');
  await playground.page.keyboard.press('Escape');
  await expect.poll(playground.fragment).toMatch(/_\d+;w\.damp$/);
  await expect(oscillating).not.toHaveText(/frozen/);
  await playground.goesOn(300);
  await playground.pause.click();
  await expect(playground.alert).toHaveCount(0);
  // DoReFa's levels are not one step apart: nothing can be done, and the choice says so.
  await playground.choice('Weight quantizer, dense2').selectOption('dorefa');
  await expect(playground.choice('Oscillation, dense2')).toBeDisabled();
  await playground.choice('Weight quantizer, dense2').selectOption('absmax');
  await expect(playground.choice('Oscillation, dense2')).toHaveValue('damp');
  // Fine steps are watched only where something is done.
  await expect(oscillating).toHaveText(/%$/);
  await playground.choice('Oscillation, dense2').selectOption('free');
  await expect(oscillating).toHaveText(/%$/);
  await playground.bits('Weight', 'dense2', 8).check();
  await expect(oscillating).toHaveText('–');
  await detail.getByText('Oscillating', { exact: true }).hover();
  await expect(playground.page.getByRole('tooltip')).toContainText(
    'Weights of 5 and more bits are not watched',
  );
  await playground.choice('Oscillation, dense2').selectOption('damp');
  await expect(oscillating).toHaveText(/%$/);
  await playground.choice('Oscillation, dense2').selectOption('free');
  await expect(oscillating).toHaveText('–');
  await playground.bits('Weight', 'dense2', 4).check();
  await expect(oscillating).toHaveText('0.0 %');
  await playground.choice('Oscillation, dense2').selectOption('damp');
  await playground.choice('Rounding, dense2').selectOption('stochastic');
  await expect(playground.choice('Oscillation, dense2')).toBeDisabled();
  await expect(playground.choice('Oscillation, dense2')).toHaveValue('free');
});
