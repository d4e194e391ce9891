/** Charts and pictures as files: SVG that needs no style sheet, PNG of twice the size, and the numbers behind them. */
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

test('decision field, confusion matrix and the bits over the steps are saved with what they show', async ({
  playground,
}) => {
  const { page } = playground;
  await playground.open(`${moons}&do=20;dense1.w2`);
  await playground.trainTo(60);

  const fields = await saved(playground, 'Save chart, Boundary', 'SVG');
  const text = fields.bytes.toString();
  expect(/ class=| data-|var\(|<script|foreignObject/.test(text)).toBe(false);
  expect(text.match(/<image [^>]*href="data:image\/png;base64,/g)).toHaveLength(3);
  const accuracy = (await playground.text('QAT accuracy')).replace(' %', '');
  for (const words of ['Boundary', 'Float', 'PTQ', 'QAT', accuracy])
    expect(text).toContain(`>${words}</text>`);
  expect((await seen(playground, fields.bytes, 'image/svg+xml')).colours).toBeGreaterThan(100);
  expect((await saved(playground, 'Save chart, Boundary', 'PNG')).bytes.subarray(1, 4).toString()).toBe(
    'PNG',
  );

  const curves = (await saved(playground, 'Save chart, Test accuracy', 'SVG')).bytes.toString();
  for (const words of ['Weight bits', '4', '2', 'dense1']) expect(curves).toContain(`>${words}</text>`);

  await page.getByRole('tab', { name: 'Confusion' }).click();
  const matrix = await saved(playground, 'Save chart, Confusion', 'CSV');
  const [head, ...rows] = matrix.bytes.toString().trim().split('\n');
  expect(head).toBe('network,true,predicted,samples');
  const qat = rows.map((row) => row.split(',')).filter(([network]) => network === 'qat');
  const right = qat.filter(([, actual, predicted]) => actual === predicted);
  const sum = (of: string[][]) => of.reduce((total, row) => total + Number(row[3]), 0);
  expect([qat.length, sum(qat)]).toEqual([4, 150]);
  expect(((100 * sum(right)) / 150).toFixed(1)).toBe(accuracy);
});
