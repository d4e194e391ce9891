/** Toggle bits while it trains: the size falls by the right number of bytes, training goes on, the record holds it. */
import { expect, type Playground, test } from './support/playground';

/** Small enough that every size is shown in bytes. */
const network = 'net=dense;16;w8;a8_dense;16;w8;a8_dense;w8;a32';
const experiment = `v=1&seed=5&data=moons;n=400;noise=0.1;test=0.5&input=a8&${network}&opt=adam;lr=0.004&batch=32`;
const layers = ['dense1', 'dense2', 'dense3'];
const deskBits = [32, 8, 6, 5, 4, 3, 2, 1];

/** Weights and units of a layer, from its strip: "16 → 16", "272 par". */
async function shapeOf(playground: Playground, layer: string): Promise<{ weights: number; units: number }> {
  const strip = playground.page.getByRole('article').filter({ has: playground.button(layer) });
  const read = async (pattern: RegExp) =>
    Number(pattern.exec((await strip.getByText(pattern).textContent()) ?? '')?.[1]);
  const units = await read(/→ (\d+)$/);
  const parameters = await read(/^(\d+) par/);
  return { weights: parameters - units, units };
}

/** Bytes of the packed model: weights at their bits, a float32 scale a channel, int32 biases, 5 bytes an activation. */
async function packedBytes(playground: Playground, bits: Record<string, number>, activations: number[]) {
  let total = 0;
  for (const layer of layers) {
    const { weights, units } = await shapeOf(playground, layer);
    const width = bits[layer]!;
    total += Math.ceil((weights * width) / 8) + 4 * units + (width === 32 ? 0 : 4 * units);
  }
  return total + 5 * activations.filter((width) => width !== 32).length;
}

test('two-bit weights in one layer, while it trains', async ({ playground }) => {
  await playground.open(experiment);
  const size = playground.status('Model size');
  const before = await packedBytes(playground, { dense1: 8, dense2: 8, dense3: 8 }, [8, 8, 8, 32]);
  await expect(size).toHaveText(`${before} B`);

  await playground.train.click();
  await playground.goesOn(20);
  const { weights } = await shapeOf(playground, 'dense2');
  const stepBefore = await playground.step();
  await playground.bits('Weight', 'dense2', 2).check();
  // No waiting here: the size must have moved with the click.
  expect(await playground.text('Model size')).toBe(`${before - (weights * 6) / 8} B`);
  await expect(playground.bits('Weight', 'dense2', 2)).toBeChecked();

  await playground.goesOn(50);
  await expect(playground.pause).toBeVisible();
  await expect(playground.page.locator('svg text', { hasText: 'dense2 W2' })).toBeVisible();
  await expect(
    playground.page.getByRole('img', { name: /^Weight bits over the steps/ }),
  ).toHaveAccessibleName(/dense1 8; dense2 8, then 2; dense3 8$/);
  await expect.poll(playground.fragment).toMatch(/&do=\d+;dense2\.w2$/);
  const recorded = Number(/&do=(\d+);/.exec(playground.fragment())?.[1]);
  expect(recorded).toBeGreaterThanOrEqual(stepBefore);
  expect(recorded).toBeLessThan(await playground.step());
  await playground.pause.click();
});

test('bits of all layers, of outputs and of the input, while it trains', async ({ playground }) => {
  await playground.open(experiment);
  await playground.train.click();
  await playground.goesOn(20);

  await playground.bits('Weight', 'all layers', 3).check();
  const threeBits = { dense1: 3, dense2: 3, dense3: 3 };
  expect(await playground.text('Model size')).toBe(
    `${await packedBytes(playground, threeBits, [8, 8, 8, 32])} B`,
  );
  for (const layer of layers) await expect(playground.bits('Weight', layer, 3)).toBeChecked();
  await expect.poll(playground.fragment).toMatch(/&do=\d+;w3$/);

  await playground.bits('Activation', 'all layers', 4).check();
  await expect(playground.bits('Activation', 'dense1', 4)).toBeChecked();
  await expect(playground.bits('Activation', 'dense2', 4)).toBeChecked();
  // The logits and the input are not among "all layers".
  await expect(playground.bits('Activation', 'dense3', 32)).toBeChecked();
  await expect(playground.bits('Activation', 'input', 8)).toBeChecked();

  await playground.bits('Activation', 'input', 32).check();
  expect(await playground.text('Model size')).toBe(
    `${await packedBytes(playground, threeBits, [4, 4, 32, 32])} B`,
  );
  await expect.poll(playground.fragment).toMatch(/&do=\d+;w3_\d+;a4_\d+;input\.a32$/);

  // Where layers differ, no cell of "all layers" is checked.
  await playground.bits('Weight', 'dense1', 8).check();
  for (const width of deskBits)
    await expect(playground.bits('Weight', 'all layers', width)).not.toBeChecked();
  await playground.goesOn(20);
  await playground.pause.click();
});

test('arrow keys reach every cell', async ({ playground }) => {
  await playground.open(experiment);
  await playground.bits('Weight', 'dense1', 8).focus();
  await playground.page.keyboard.press('ArrowLeft');
  for (const width of deskBits) {
    const cell = playground.bits('Weight', 'dense1', width);
    await expect(cell).toBeChecked();
    await expect(cell).toBeFocused();
    await playground.page.keyboard.press('ArrowRight');
  }
  // Round the end to the first.
  await expect(playground.bits('Weight', 'dense1', 32)).toBeChecked();
  // Before the first step a change is a starting setting, not a change of the run.
  await expect.poll(playground.fragment).toContain('net=dense;16;w32;a8_');
  expect(playground.fragment()).not.toContain('do=');
});
