/** Every kind of network: presets train and travel in links, every kind of site toggles, digits are drawn, prompts gone on with. */
import { expect, type Playground, test } from './support/playground';

const stop = 200;
/** Small data, small batches and a stop, so that all presets are trained in a minute. */
const digits = 'data=digits;n=400;noise=0.3;test=0.25&input=a8';
const addition = 'data=addition;n=800;test=0.2;val=0.1&input=a8';
const rest = `opt=adam;lr=0.005&batch=16&stop=${stop}`;
const link = (data: string, network: string) => `v=1&seed=5&${data}&net=${network}&${rest}`;

const attention = (direction: string) =>
  `ln;a8_attn;4;${direction}wq8;wk8;wv8;w8;aq8;ak8;av8;as32;ap8;ac8;a8_add;2;linear;a8`;
const block = (width: number, direction = '') =>
  `${attention(direction)}_ln;a8_dense;${2 * width};gelu;w8;a8_dense;${width};linear;w8;a8_add;3;linear;a8`;
const last = 'dense;linear;w8;a32';

interface Preset {
  name: string;
  link: string;
  /** QAT is above this after the stop, in percent. */
  atLeast: number;
  /** Sites to be toggled to 4 bits, as their cells are called, and what the link then says. */
  sites?: [side: 'Weight' | 'Activation', of: string, token: string][];
}
const presets: Preset[] = [
  {
    name: 'MLP 32-32-16',
    link: link(digits, `dense;32;w8;a3_dense;32;w3;a3_dense;16;w3;a3_${last}`),
    atLeast: 20,
  },
  {
    name: 'CNN 8-16',
    link: link(digits, 'conv;8;k3;w4;a4_pool;2_conv;16;k3;w4;a4_pool;2_dense;linear;w4;a32'),
    atLeast: 50,
  },
  {
    name: 'Depthwise CNN',
    link: link(
      digits,
      `conv;16;k3;same;bn;w8;a4_pool;2_dw;k3;same;bn;w4;a4_conv;32;k1;bn;w4;a4_dw;k3;s2;same;bn;w4;a4_conv;48;k1;bn;w4;a4_gap;a8_${last}`,
    ),
    atLeast: 15,
    sites: [['Weight', 'dw2', 'dw2.w2']],
  },
  {
    name: 'Mini-ResNet',
    link: link(
      digits,
      `conv;12;k3;same;bn;w8;a4_pool;2_conv;12;k3;same;bn;w4;a4_conv;12;k3;same;bn;linear;w4;a4_add;2;a8_conv;24;k3;s2;same;bn;w4;a4_conv;24;k3;same;bn;linear;w4;a4_addp;2;w8;a8_gap;a8_${last}`,
    ),
    atLeast: 30,
    sites: [
      ['Activation', 'add1', 'add1.a2'],
      ['Weight', 'add2', 'add2.w2'],
    ],
  },
  {
    name: 'GRU over rows',
    link: link(digits, `rows_gru;64;w8;wr8;ag8;a8_${last}`),
    atLeast: 30,
    sites: [
      ['Weight', 'gru1', 'gru1.w2'],
      ['Activation', 'gru1', 'gru1.a2'],
      ['Weight', 'gru1 recurrent', 'gru1.wr2'],
      ['Activation', 'gru1 gates', 'gru1.ag2'],
    ],
  },
  { name: 'LSTM over rows', link: link(digits, `rows_lstm;64;w8;wr8;ag8;a8_${last}`), atLeast: 30 },
  {
    name: 'Transformer over rows',
    link: link(digits, `rows_dense;32;linear;w8;a8_pos;wp8;a8_${block(32)}_ln;a8_gap;a8_${last}`),
    atLeast: 30,
    sites: [
      ['Weight', 'pos1 positions', 'pos1.wp2'],
      ['Weight', 'attn2', 'attn2.w2'],
      ['Activation', 'add1', 'add1.a2'],
      ['Activation', 'norm1', 'norm1.a2'],
      ['Activation', 'dense3', 'dense3.a2'],
      ...(['query', 'key', 'value'] as const).map((site): [side: 'Weight', of: string, token: string] => [
        'Weight',
        `attn2 ${site}`,
        `attn2.w${site[0]}2`,
      ]),
      ['Activation', 'attn2 scores', 'attn2.as2'],
      ['Activation', 'attn2 context', 'attn2.ac2'],
      ['Activation', 'attn2 softmax', 'attn2.ap2'],
    ],
  },
];

const open = async (playground: Playground, name: string) => {
  const button = playground.button(name);
  if ((await button.count()) > 0 && (await button.getAttribute('aria-expanded')) === 'false')
    await button.click();
};

for (const { name, link: fragment, atLeast, sites = [] } of presets)
  test(`${name} comes from a link, trains, and each kind of site toggles`, async ({ playground }) => {
    await playground.open(fragment);
    await expect(playground.choice('Network').locator('option:checked')).toHaveText(name);
    await expect.poll(playground.fragment).toBe(fragment);
    await playground.trainTo(stop);
    expect(await playground.accuracy('QAT')).toBeGreaterThan(atLeast);
    expect(await playground.accuracy('PTQ')).not.toBeNaN();
    if (sites.length === 0) return;
    for (const head of ['Transformer 1', 'Residual 1', 'Residual 2', 'Separable 1', 'Separable 2'])
      await open(playground, `${head}`);
    const inside = new Set(sites.filter(([, of]) => of.includes(' ')).map(([, of]) => of.split(' ')[0]!));
    for (const layer of inside) await open(playground, `Sites inside ${layer}`);
    for (const [side, of] of sites) {
      await playground.bits(side, of, 2).check();
      await expect(playground.bits(side, of, 2)).toBeChecked();
    }
    await expect
      .poll(() => {
        const recorded = playground.fragment().split(`do=${stop};`)[1]?.split(';') ?? [];
        // What is done to several layers is written once, "norm1,dense3.a2", and without names where it is all of them.
        const written = recorded.flatMap((text) => {
          const [value, names = ''] = text.split('.').reverse();
          return names.split(',').map((layer) => `${layer}.${value}`);
        });
        const isThere = (token: string) =>
          written.includes(token) || written.includes(`.${token.split('.')[1]}`);
        return sites.filter(([, , token]) => !isThere(token));
      })
      .toEqual([]);
    await playground.button('Step').click();
    await expect(playground.status('Step')).toHaveText(String(stop + 1));
    await expect.poll(() => playground.accuracy('QAT')).not.toBeNaN();
  });

test('batch norm is frozen and estimated anew in mid-run, and the depthwise preset says what it is for', async ({
  playground,
}) => {
  await playground.open(
    presets.find(({ name }) => name === 'Depthwise CNN')!.link.replace('stop=200', 'stop=20'),
  );
  await expect(
    playground.page.getByText(/^Quantizes badly: a depthwise filter has nine weights/),
  ).toBeVisible();
  await expect(playground.button('Re-estimate')).toBeDisabled();
  await playground.trainTo(20);
  const before = await playground.scores();
  await playground.button('Re-estimate').click();
  await expect.poll(playground.scores).not.toEqual(before);
  await playground.choice('Batch norm statistics').selectOption('frozen');
  await expect.poll(playground.fragment).toMatch(/do=20;bn\.estimate;bn\.freeze$/);
  await playground.button('Step').click();
  await expect(playground.status('Step')).toHaveText('21');
});

test('keys move through the strips and fold a block', async ({ playground }) => {
  await playground.open(presets.at(-1)!.link);
  const press = (key: string) => playground.page.keyboard.press(key);
  await playground.button('pos1').focus();
  await press('ArrowDown');
  const head = playground.button('Transformer 1');
  await expect(head).toBeFocused();
  await expect(playground.button('attn2')).toHaveCount(0);
  await press('ArrowRight');
  await expect(head).toHaveAttribute('aria-expanded', 'true');
  await expect(head).toBeFocused();
  await press('ArrowDown');
  await press('ArrowDown');
  await expect(playground.button('attn2')).toBeFocused();
  await expect(playground.button('attn2')).toHaveAttribute('aria-pressed', 'true');
  await press('Home');
  await expect(playground.button('input')).toBeFocused();
  await head.focus();
  await press('ArrowLeft');
  await expect(playground.button('attn2')).toHaveCount(0);
  // Folded, the block's cells speak to all of its layers.
  await playground.bits('Weight', 'transformer 1', 4).check();
  await expect.poll(playground.fragment).toMatch(/wq4;wk4;wv4;w4;.*dense;64;gelu;w4;.*dense;linear;w8;a32/);
});

test('a digit is drawn, and all three say what it is, also while they train', async ({ playground }) => {
  await playground.open(presets.find(({ name }) => name === 'CNN 8-16')!.link.replace(`&stop=${stop}`, ''));
  const { page } = playground;
  await page.getByRole('tab', { name: 'Draw' }).click();
  const bars = (network: string) =>
    page.getByRole('list', { name: `Class probabilities, ${network}` }).getByRole('listitem');
  const shares = async (network: string) =>
    (await bars(network).allTextContents()).map((text) => Number.parseFloat(text.slice(1)));
  const pad = page.getByRole('img', { name: /^Drawing area/ });
  await expect(pad).toHaveAccessibleName('Drawing area, empty');
  const box = (await pad.boundingBox())!;
  const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(0.5, 0.1));
  await page.mouse.down();
  await page.mouse.move(...at(0.5, 0.9), { steps: 8 });
  await page.mouse.up();
  await expect(pad).toHaveAccessibleName('Drawing area, drawn on');
  await expect.poll(async () => (await shares('QAT')).reduce((a, b) => a + b, 0)).toBeGreaterThan(99);
  const untrained = await shares('QAT');

  await playground.train.click();
  await expect.poll(() => shares('QAT')).not.toEqual(untrained);
  // One stroke from top to bottom is a one to a network that knows the digits.
  for (const network of ['Float', 'QAT', 'PTQ'])
    await expect
      .poll(async () => (await shares(network)).indexOf(Math.max(...(await shares(network)))), {
        timeout: 60_000,
      })
      .toBe(1);
  await playground.pause.click();

  await playground.button('Clear').click();
  await expect(pad).toHaveAccessibleName('Drawing area, empty');
  await expect.poll(async () => (await shares('QAT')).every(Number.isNaN)).toBe(true);
  await playground.button('Next test image').click();
  await expect(pad).toHaveAccessibleName('Drawing area, test image 1');
  await expect.poll(async () => (await shares('QAT')).some((share) => share > 10)).toBe(true);
});

test('the character transformer goes on with a typed prompt, and the link holds its run', async ({
  playground,
  visitor,
}) => {
  const network = `embed;64;w8;wp8;a8_${block(64, 'causal;')}_${block(64, 'causal;')}_ln;a8_${last}`;
  await playground.open(link(addition, network));
  await expect(playground.choice('Network').locator('option:checked')).toHaveText('Character transformer');
  const answer = (name: string) => playground.page.getByRole('status', { name: `Answer, ${name}` });
  const sure = (name: string) => playground.page.getByRole('list', { name: `Symbols, ${name}` });
  await playground.field('Prompt').fill('7+5');
  await expect(playground.page.getByText(/^Right is 12\./)).toBeVisible();
  for (const name of ['Float', 'QAT']) await expect(sure(name)).toContainText('%');
  await playground.field('Prompt').fill('7+');
  await expect(playground.page.getByText(/^Write two numbers below 100/)).toBeVisible();
  await expect(answer('QAT')).toHaveCount(0);
  await playground.field('Prompt').fill('31+24');
  await expect(sure('QAT')).toContainText('%');
  const before = await sure('QAT').textContent();

  await playground.trainTo(stop);
  await expect(sure('QAT')).not.toHaveText(before!);
  for (const name of ['Float', 'PTQ', 'QAT']) {
    // It has learned at least that a sum is of digits.
    await expect(answer(name)).toHaveText(/^\d{1,3}$/);
    const column = playground.page.getByRole('article', { name, exact: true });
    const right = (await answer(name).textContent()) === '55';
    await expect(column.getByText(right ? /✓ right$/ : /✗ wrong$/)).toBeVisible();
  }
  await playground.bits('Activation', 'transformer 2', 4).check();
  await expect.poll(playground.fragment).toMatch(new RegExp(`do=${stop};.*attn5\\.as4`));
  await visitor.open(playground.fragment());
  await expect.poll(visitor.fragment).toBe(playground.fragment());
  await expect(visitor.choice('Network').locator('option:checked')).toHaveText('Character transformer');
});

test('a layer that does not fit is said to be so, and the run goes on', async ({ playground }) => {
  await playground.open(presets.find(({ name }) => name === 'CNN 8-16')!.link);
  const address = playground.fragment();
  await playground.button('Edit').click();
  await playground.button('Add GRU').click();
  await expect(playground.alert).toHaveText(
    /The GRU layer needs a sequence before it: put “Rows as a sequence”/,
  );
  expect(playground.fragment()).toBe(address);
  await playground.button('Discard the draft').click();
  await expect(playground.alert).toHaveCount(0);
  await playground.button('Add residual sum').click();
  await expect(playground.alert).toHaveText(/A residual sum needs two values of one shape/);
  await playground.button('Discard the draft').click();
  await playground.button('Remove pool2').click();
  await expect.poll(playground.fragment).toContain('conv;16;k3;w4;a4_dense');
});
