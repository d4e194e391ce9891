/** Images: the digits, a convolutional network, test samples and the confusion matrix. */
import { expect, test } from './support/playground';

test('digits train, and show their samples and confusions', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.choice('Dataset').selectOption('digits');
  await playground.ready();
  await expect(page.getByText('28×28×1 pixels, 10 classes')).toBeVisible();
  for (const layer of ['conv1', 'conv2', 'dense3']) await expect(playground.button(layer)).toBeVisible();
  for (const network of ['Float', 'PTQ', 'QAT'])
    await expect(page.getByRole('img', { name: new RegExp(`^Test samples, ${network}:`) })).toBeVisible();
  expect(await playground.accuracy('QAT')).toBeLessThan(30);

  await playground.train.click();
  await expect.poll(() => playground.accuracy('QAT'), { timeout: 90_000 }).toBeGreaterThan(85);
  await page.getByRole('tab', { name: 'Confusion' }).click();
  const matrix = page.getByRole('table', { name: /^Confusion matrix, QAT/ });
  await expect(matrix.getByRole('row')).toHaveCount(11);
  await playground.pause.click();

  // Every test image is in one cell; most are on the diagonal.
  await expect
    .poll(async () => {
      const cells = await matrix.getByRole('cell').allTextContents();
      const counts = cells
        .filter((text) => /^[\d,]+$/.test(text))
        .map((text) => Number(text.replace(',', '')));
      return counts.reduce((sum, count) => sum + count, 0);
    })
    .toBe(1000);
});
