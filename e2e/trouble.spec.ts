/** When training goes wrong, a device is lost or the worker dies: what the page says, and that it goes on. */
import type { Worker } from '@playwright/test';
import { expect, numberIn, type Playground, test } from './support/playground';

const small =
  'v=1&seed=2&data=circles;n=200;noise=0.05;test=0.5&input=a8&net=dense;16;w4;a4_dense;w8;a32&opt=adam;lr=0.02&batch=50';
/** Linear layers one after the other: what grows in one grows in all, so that a large step leads straight to infinity. */
const linear = 'dense;16;linear;w8;a8_'.repeat(4);
const unstable = `v=1&seed=3&data=circles;n=400;noise=0.1;test=0.5&input=a8&net=${linear}dense;w8;a32&opt=sgd;lr=0.02;momentum=0.9&batch=32&stop=60`;

/** The newest but for its own helper threads, which sleep too deeply to answer. */
const sessionWorker = (playground: Playground): Worker => {
  const worker = playground.page.workers().findLast((each) => !each.url().includes('threadWorker'));
  if (!worker) throw new Error('The page has no worker.');
  return worker;
};
const badge = (playground: Playground) => playground.choice('Backend').locator('..');

test('a loss that is no longer finite pauses, and both ways out go on', async ({ playground }) => {
  await playground.open(unstable);
  await playground.trainTo(60);
  const scores = await playground.scores();
  await playground.type('Learning rate', '10');
  await playground.train.click();

  const failed = async () => {
    await expect(playground.alert).toHaveText(
      /^Training paused at step \d+: dense[1-5] of the (float|QAT) network is no longer finite \(NaN or infinite\)\. The last good state is step 60\./,
    );
    const step = numberIn(/at step (\d+)/.exec((await playground.alert.textContent()) ?? '')![1]!);
    expect(step).toBeGreaterThan(60);
    expect(await playground.step()).toBe(step);
    await expect(playground.train).toBeDisabled();
    return step;
  };
  const step = await failed();

  await playground.button('Rewind to step 60').click();
  await expect(playground.alert).toHaveCount(0);
  await expect(playground.status('Step')).toHaveText('60');
  await expect.poll(playground.scores).toEqual(scores);
  await expect(playground.train).toBeEnabled();

  // The learning rate was left as it is: the same steps fail again.
  await playground.train.click();
  expect(await failed()).toBe(step);
  await playground.button('Lower the learning rate to 1 and go on').click();
  await expect(playground.alert).toHaveCount(0);
  await expect(playground.field('Learning rate')).toHaveValue('1');
  await expect.poll(playground.step).toBeGreaterThan(step + 50);
  await expect(playground.pause).toBeVisible();
  await expect.poll(playground.fragment).toContain('do=60;lr=1');
  await playground.pause.click();
});

test('a lost WebGPU device: training goes on with WASM from the last checkpoint', async ({ playground }) => {
  await playground.open(small);
  await playground.choice('Backend').selectOption({ label: 'WebGPU' });
  await expect(badge(playground)).toContainText('WebGPU');
  await playground.train.click();
  await expect.poll(playground.step, { timeout: 60_000 }).toBeGreaterThan(3);
  const before = await playground.step();

  // The next time the device is asked for something, it goes away.
  await sessionWorker(playground).evaluate(() => {
    const { createBindGroup } = GPUDevice.prototype;
    GPUDevice.prototype.createBindGroup = function (this: GPUDevice, descriptor) {
      GPUDevice.prototype.createBindGroup = createBindGroup;
      this.destroy();
      return createBindGroup.call(this, descriptor);
    };
  });
  await expect(playground.alert).toHaveText(
    /^The WebGPU device was lost \(.+\)\. The run goes on from step [\d,]+ on WASM\./,
  );
  const from = numberIn(/from step ([\d,]+)/.exec((await playground.alert.textContent()) ?? '')![1]!);
  expect(from).toBeGreaterThanOrEqual(0);
  await expect(badge(playground)).toContainText('WASM');
  await expect.poll(playground.step).toBeGreaterThan(before + 50);
  await expect.poll(() => playground.accuracy('QAT')).toBeGreaterThan(90);
  await playground.pause.click();
  await expect(
    playground.choice('Backend').getByRole('option', { name: /was lost in this session/ }),
  ).toBeDisabled();
});

test('a worker that dies is replaced, and training goes on from the last checkpoint', async ({
  playground,
}) => {
  await playground.open();
  await playground.stopAt(200);
  await playground.trainTo(200);
  const scores = await playground.scores();
  await playground.stopAt(1_000_000);
  const crash = () =>
    sessionWorker(playground).evaluate(() => {
      setTimeout(() => {
        throw new Error('out of memory');
      });
    });

  await test.step('while paused', async () => {
    await crash();
    await expect(playground.alert).toHaveText(
      /^The training worker stopped \(.*out of memory.*\)\. The run is back at step 200\./,
    );
    await expect(playground.status('Step')).toHaveText('200');
    await expect.poll(playground.scores).toEqual(scores);
  });
  await test.step('while training', async () => {
    await playground.train.click();
    await playground.goesOn(200);
    await playground.alert.getByRole('button', { name: 'Dismiss' }).click();
    const before = await playground.step();
    await crash();
    await expect(playground.alert).toHaveText(/Training continues at step [\d,]+/);
    const from = numberIn(/at step ([\d,]+)/.exec((await playground.alert.textContent()) ?? '')![1]!);
    expect(from).toBeGreaterThanOrEqual(200);
    await expect(playground.pause).toBeVisible();
    await expect.poll(playground.step).toBeGreaterThan(before);
    await playground.pause.click();
  });
});

test('without a network the page goes on, parts of it that were never opened too', async ({ playground }) => {
  const { page } = playground;
  await playground.open(small);
  // Fetched once the page has nothing else to do: the last panel, the charts beside it, and the styles of both.
  const fetched = () => page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  for (const file of [/Deploy-.*\.js$/, /Deploy-.*\.css$/, /Pareto-.*\.js$/, /Pareto-.*\.css$/])
    await expect.poll(fetched).toContainEqual(expect.stringMatching(file));
  await page.context().setOffline(true);
  await playground.train.click();
  await playground.goesOn(5);
  await playground.pause.click();
  await page.getByRole('tab', { name: 'Deploy' }).click();
  await playground.button('Compare with integers').click();
  await expect(playground.status('Parity')).toContainText('answers differ');
});
