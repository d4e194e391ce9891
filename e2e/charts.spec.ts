/** Charts as files: SVG that needs no style sheet, PNG of twice the size, and the numbers behind them. */
import { readFile } from 'node:fs/promises';
import { expect, type Playground, test } from './support/playground';

const moons =
  'v=1&seed=3&data=moons;n=300;noise=0.1;test=0.5&input=a8&net=dense;8;w4;a4_dense;linear;w8;a32&opt=adam;lr=0.01&batch=32&stop=60';

async function saved({ page }: Playground, menu: string, item: string) {
  await page.getByRole('button', { name: menu, exact: true }).click();
  const coming = page.waitForEvent('download');
  // By its menu: that of the chart before may still be fading.
  const open = page.getByRole('menu', { name: menu, exact: true });
  await open.getByRole('menuitem', { name: item, exact: true }).click();
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Width, height and how many colours a picture has, as the browser draws it. */
const seen = ({ page }: Playground, bytes: Buffer, type: string) =>
  page.evaluate(
    async ([data, media]) => {
      const image = new Image();
      image.src = `data:${media};base64,${data}`;
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), {
        width: image.width,
        height: image.height,
      });
      const context = canvas.getContext('2d')!;
      context.drawImage(image, 0, 0);
      const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
      return { width: image.width, height: image.height, colours: new Set(pixels).size };
    },
    [bytes.toString('base64'), type] as const,
  );

test('curves, histogram and front are saved as SVG and PNG, curves as CSV too', async ({ playground }) => {
  const { page } = playground;
  await playground.open(moons);
  await playground.trainTo(60);

  const svg = await saved(playground, 'Save chart, Test accuracy', 'SVG');
  expect(svg.name).toMatch(/^moons-mlp-8-[a-z0-9-]+-test-accuracy\.svg$/);
  const text = svg.bytes.toString();
  expect(/ class=| data-|var\(|href|<script/.test(text)).toBe(false);
  // Clip paths are found, and nothing else is asked for.
  for (const [, id] of text.matchAll(/url\(([^)]*)\)/g))
    expect(text.includes(`id="${id!.slice(1)}"`)).toBe(true);
  expect(text.length).toBeLessThan(30_000);
  for (const label of ['Test accuracy, %', 'Test loss, nats', 'step 0', 'Float', 'PTQ', 'QAT', '100'])
    expect(text).toContain(`>${label}</`);
  const vector = await seen(playground, svg.bytes, 'image/svg+xml');
  expect(vector.colours).toBeGreaterThan(8);
  const png = await saved(playground, 'Save chart, Test accuracy', 'PNG');
  expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
  const raster = await seen(playground, png.bytes, 'image/png');
  expect([raster.width, raster.height]).toEqual([2 * vector.width, 2 * vector.height]);
  expect(raster.colours).toBeGreaterThan(8);

  const csv = await saved(playground, 'Save chart, Test loss', 'CSV');
  expect(csv.bytes).toEqual((await saved(playground, 'Export', 'Save curves as CSV')).bytes);
  const last = csv.bytes.toString().trim().split('\n').at(-1)!.split(',').map(Number);
  expect(last[0]).toBe(60);
  expect(`${(100 * last[5]!).toFixed(1)} %`).toBe(await playground.text('QAT accuracy'));

  for (const name of ['dense1 weights', 'Staircase of dense1 weights']) {
    const chart = await saved(playground, `Save chart, ${name}`, 'SVG');
    expect(chart.bytes.toString()).toContain(`>${name}</`);
    expect((await seen(playground, chart.bytes, 'image/svg+xml')).colours).toBeGreaterThan(8);
  }
  await page.getByRole('button', { name: 'Open the workbench' }).click();
  const front = await saved(playground, 'Save chart, Accuracy against size', 'SVG');
  expect(front.bytes.toString()).toContain('this run');
});
