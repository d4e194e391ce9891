/**
 * The page as a person meets it: found by its accessible names, read as numbers. A journey that asks for the playground
 * fails if the page's console shows an error or a warning that the journey did not expect.
 */
import { test as base, expect, type Locator, type Page } from '@playwright/test';

export type Network = 'Float' | 'PTQ' | 'QAT';
const networks: readonly Network[] = ['Float', 'PTQ', 'QAT'];

/** "1,200" is 1200, "97.3 %" is 97.3, "12.4 KB" is 12697.6 (bytes); NaN where there is no number yet. */
export function numberIn(text: string): number {
  const found = /^(-?[\d,]+(?:\.\d+)?)(?:\s*(KB|MB))?/.exec(text.replace('\u2212', '-'));
  if (!found) return Number.NaN;
  const factor = { KB: 1024, MB: 1024 ** 2 }[found[2] ?? ''] ?? 1;
  return Number(found[1]!.replaceAll(',', '')) * factor;
}

export class Playground {
  readonly train: Locator;
  readonly pause: Locator;
  readonly alert: Locator;
  readonly messages: Locator;
  /** What the console complained of. */
  readonly complaints: string[] = [];

  constructor(readonly page: Page) {
    this.train = this.button('Train');
    this.pause = this.button('Pause');
    this.alert = page.getByRole('alert');
    this.messages = page.getByRole('region', { name: 'Messages' });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** Opens the page, with the part of a link after "#" if one is given, and waits until it can train. */
  async open(fragment = ''): Promise<this> {
    await this.page.goto(fragment ? `./#${fragment}` : './');
    await this.ready();
    return this;
  }

  /** Loaded and evaluated: a run is there, and its first numbers are. */
  async ready(): Promise<void> {
    await expect(this.status('Float accuracy')).toHaveText(/%$/);
    await expect(this.train).toBeEnabled();
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }
  choice(name: string): Locator {
    return this.page.getByRole('combobox', { name, exact: true });
  }
  field(name: string): Locator {
    return this.page.getByRole('textbox', { name, exact: true });
  }
  status(name: string): Locator {
    return this.page.getByRole('status', { name, exact: true });
  }
  /** One of the desk's rows of cells: desk('Weight', 'dense2'). */
  desk(side: 'Weight' | 'Activation', of: string): Locator {
    return this.page.getByRole('radiogroup', { name: `${side} bits, ${of}`, exact: true });
  }
  /** One of its cells: bits('Weight', 'dense2', 4). */
  bits(side: 'Weight' | 'Activation', of: string, bits: number): Locator {
    return this.desk(side, of).getByRole('radio', { name: String(bits), exact: true });
  }

  /** What a status shows, now. */
  async text(name: string): Promise<string> {
    return (await this.status(name).textContent()) ?? '';
  }
  /** The number that it starts with. */
  async number(name: string): Promise<number> {
    return numberIn(await this.text(name));
  }
  step = () => this.number('Step');
  accuracy = (network: Network) => this.number(`${network} accuracy`);

  /** Accuracy and loss of all three, as shown. */
  scores = async (): Promise<Record<Network, string>> => {
    const read = networks.map(async (network) => {
      const column = this.page.getByRole('article', { name: network, exact: true });
      const loss = await column.getByText(/nats$/).first().textContent();
      return [network, `${await this.text(`${network} accuracy`)}, ${loss}`];
    });
    return Object.fromEntries(await Promise.all(read));
  };

  /** Waits until training has gone on for some steps from here. */
  async goesOn(steps = 1): Promise<void> {
    const from = await this.step();
    await expect.poll(this.step).toBeGreaterThanOrEqual(from + steps);
  }

  /** Presses Train and waits for the stop condition. */
  async trainTo(step: number): Promise<void> {
    await this.train.click();
    await this.stopsAt(step);
  }
  async stopsAt(step: number): Promise<void> {
    const shown = step.toLocaleString('en-US');
    await expect(this.messages).toContainText(`Paused at step ${shown}, the stop you set.`);
    await expect(this.status('Step')).toHaveText(shown);
    await expect(this.train).toBeEnabled();
  }

  async stopAt(step: number): Promise<void> {
    await this.page.getByRole('button', { name: /^Stop (condition|at)/ }).click();
    await this.field('Stop at step').fill(String(step));
    await this.field('Stop at step').press('Enter');
    await this.page.keyboard.press('Escape');
  }

  async type(name: string, value: string): Promise<void> {
    await this.field(name).fill(value);
    await this.field(name).press('Enter');
  }

  /** The part of the address after "#", as the address bar shows it. */
  fragment = () => new URL(this.page.url()).hash.slice(1);
}

interface Fixtures {
  playground: Playground;
  /** Another visitor: a browser context that shares nothing with the first. */
  visitor: Playground;
}

/** Hands out a playground and looks at its console afterwards. */
async function watched(page: Page, use: (playground: Playground) => Promise<void>): Promise<void> {
  const playground = new Playground(page);
  await use(playground);
  expect(playground.complaints, 'errors and warnings in the console').toEqual([]);
}

export const test = base.extend<Fixtures>({
  playground: ({ page }, use) => watched(page, use),
  visitor: async ({ browser, contextOptions }, use) => {
    const context = await browser.newContext(contextOptions);
    await watched(await context.newPage(), use);
    await context.close();
  },
});

export { expect };
