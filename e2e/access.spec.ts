/** On a phone, in the dark, and by the keyboard alone. */
import type { Locator, Page } from '@playwright/test';
import { expect, type Playground, test } from './support/playground';

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('nothing is wider than the screen, and Train and the four numbers are in reach', async ({
    playground,
  }) => {
    const { page } = playground;
    await playground.open();
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    expect(await fits()).toBe(true);
    await playground.train.tap();
    await playground.goesOn(20);

    const bar = page.getByRole('banner');
    for (const text of [/^Float [\d.]+ %$/, /^PTQ [\d.]+ %$/, /^QAT [\d.]+ %$/, /^Size [\d.]+ K?B$/])
      await expect(bar.locator('span', { hasText: text })).toBeInViewport();

    // They stay in sight beside the bits that move them.
    await playground.bits('Weight', 'dense2', 3).check();
    await expect(playground.pause).toBeInViewport();
    await expect(bar.locator('span', { hasText: /^Size/ })).toBeInViewport();
    expect(await fits()).toBe(true);
    await playground.pause.tap();
    await expect(playground.train).toBeVisible();

    await playground.button('More').tap();
    await expect(playground.button('Share')).toBeInViewport();
    await expect(playground.choice('Backend')).toBeVisible();
    expect(await fits()).toBe(true);
  });
});

/** Contrast of an element's text with what lies behind it (WCAG 2.2, relative luminance). */
const contrast = (page: Page, selector: string) =>
  page.locator(selector).evaluate((element) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    const luminance = (colour: string) => {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let behind: Element | null = element;
    while (behind && /^rgba\(.*, 0\)$|^transparent$/.test(getComputedStyle(behind).backgroundColor))
      behind = behind.parentElement;
    const back = luminance(behind ? getComputedStyle(behind).backgroundColor : 'white');
    const front = luminance(getComputedStyle(element).color);
    return { back, ratio: (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05) };
  });

for (const scheme of ['light', 'dark'] as const)
  test.describe(`in the ${scheme} scheme`, () => {
    test.use({ colorScheme: scheme });

    test('text stands out from what is behind it', async ({ playground }) => {
      await playground.open();
      for (const selector of ['h1', '[aria-label="QAT accuracy"]', '[aria-label="Model size"]', '#h-data']) {
        const { back, ratio } = await contrast(playground.page, selector);
        expect(ratio, selector).toBeGreaterThan(4.5);
        if (scheme === 'dark') expect(back, selector).toBeLessThan(0.1);
        else expect(back, selector).toBeGreaterThan(0.7);
      }
    });
  });

/** Presses Tab until the focus is on the control, or within it. */
async function tabTo(playground: Playground, control: Locator): Promise<void> {
  const most = 100;
  for (let pressed = 0; pressed < most; pressed++) {
    await playground.page.keyboard.press('Tab');
    if (await control.evaluate((element) => element.contains(document.activeElement))) return;
  }
  throw new Error(`${control} was not reached by ${most} presses of Tab.`);
}

test('the keyboard alone trains, pauses and changes bits', async ({ playground }) => {
  const { page } = playground;
  const { keyboard } = page;
  await playground.open();
  await tabTo(playground, playground.train);
  await keyboard.press('Enter');
  await expect(playground.pause).toBeFocused();
  await playground.goesOn(10);
  await keyboard.press('Space');
  await expect(playground.train).toBeFocused();

  await tabTo(playground, playground.desk('Weight', 'all layers'));
  while (!(await playground.bits('Weight', 'all layers', 8).isChecked())) await keyboard.press('ArrowRight');
  await expect(playground.bits('Weight', 'dense1', 8)).toBeChecked();
  await tabTo(playground, playground.button('dense1'));
  await keyboard.press('Enter');
  await expect(playground.button('dense1')).toHaveAttribute('aria-pressed', 'true');
  await tabTo(playground, playground.bits('Weight', 'dense1', 8));
  await keyboard.press('ArrowRight');
  await expect(playground.bits('Weight', 'dense1', 6)).toBeChecked();

  // Where no control has the focus, K trains and pauses.
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await keyboard.press('k');
  await expect(playground.pause).toBeVisible();
  await playground.goesOn();
  await keyboard.press('k');
  await expect(playground.train).toBeVisible();
});
