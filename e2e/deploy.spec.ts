/** From a trained network to what runs elsewhere: compared as integers, run in ONNX Runtime, saved, and the files used. */
import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import {
  accuracyOf,
  answersInC,
  answersInOnnxRuntime,
  hasGcc,
  numbersOf,
  operatorsOf,
  readSafetensors,
  testSetOf,
  unpack,
} from './support/deployed';
import { csv, flowers } from './support/files';
import { expect, type Playground, test } from './support/playground';

const cnn =
  'v=1&seed=3&data=digits;n=600;noise=0.5;test=0.3333333333333333&input=a8&net=conv;6;k3;w4;a4_pool;2_dense;16;w3;a5_dense;linear;w8;a32&opt=adam;lr=0.005&batch=64&stop=60';

const openDeploy = ({ page }: Playground) => page.getByRole('tab', { name: 'Deploy', exact: true }).click();

/** Presses a button and reads the file that comes of it. */
async function saved(playground: Playground, button: string): Promise<{ name: string; bytes: Buffer }> {
  const coming = playground.page.waitForEvent('download');
  await playground.button(button).click();
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

const unzipped = (bytes: Buffer): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(unzipSync(bytes)).map(([name, content]) => [name, Buffer.from(content)]));
const texts = (files: Record<string, Buffer>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [name, content.toString('utf8')]));

test('a trained network is the same as integers, in ONNX Runtime and in C, and its files hold it', async ({
  playground,
}, info) => {
  const { page } = playground;
  await playground.open(cnn);
  await playground.trainTo(60);
  await openDeploy(playground);

  // The report: no answer differs, and no layer by a step of its grid.
  await playground.button('Compare with integers').click();
  const report = playground.status('Parity');
  await expect(report).toHaveText(/^0 of 200 answers differ; accuracy/);
  const [, integers, evaluated, trained] =
    /accuracy ([\d.]+ %) as integers, ([\d.]+ %) as evaluated, ([\d.]+ %) as trained/.exec(
      (await report.textContent())!,
    )!;
  expect(integers).toBe(evaluated);
  expect(evaluated).toBe(await playground.text('QAT accuracy'));
  expect(Math.abs(Number.parseFloat(trained!) - Number.parseFloat(evaluated!))).toBeLessThanOrEqual(1);
  expect(Number.parseFloat(integers!)).toBeGreaterThan(60);
  const layers = page.getByRole('table', { name: 'Parity by layer' });
  await expect(layers.getByRole('rowheader')).toHaveText(['conv1', 'dense2', 'dense3']);
  for (const row of await layers
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader') })
    .all())
    await expect(row.getByRole('cell').first()).toHaveText('0');

  await playground.button('Run in ONNX Runtime').click();
  const trial = page.getByRole('table', { name: 'ONNX Runtime' });
  const ran = trial.getByRole('row', { name: 'ONNX Runtime' }).getByRole('cell');
  const time = /^(?!0(\.0*)? )[\d.]+ (µs|ms)$/;
  await expect(ran).toHaveText([integers!, '0', time, time]);
  const own = trial.getByRole('row', { name: 'Integers, here' }).getByRole('cell');
  await expect(own).toHaveText([integers!, '–', time, time]);

  const twin = trial.getByRole('row', { name: 'Float, here' }).getByRole('cell');
  await expect(twin).toHaveText([await playground.text('Float accuracy'), /^\d+$/, time, time]);

  // The files, on the test set that the PyTorch export carries.
  const pytorch = await saved(playground, 'PyTorch');
  const parts = unzipped(pytorch.bytes);
  expect(Object.keys(parts).sort()).toEqual(['data.safetensors', 'train.py', 'weights.safetensors']);
  expect(parts['train.py']!.toString()).toContain('import torch');
  expect(readSafetensors(parts['weights.safetensors']!).tensors.get('layers.conv1.weights')?.shape).toEqual([
    6, 1, 3, 3,
  ]);
  const examples = testSetOf(parts['data.safetensors']!);
  expect(examples.count).toBe(200);

  const onnx = await saved(playground, 'ONNX');
  expect(onnx.name).toMatch(/^[a-z0-9-]+\.onnx$/);
  const answers = await answersInOnnxRuntime(onnx.bytes, examples);
  expect(accuracyOf(answers, examples)).toBe(integers);
  const small = await saved(playground, 'ONNX, 4-bit types');
  expect(await answersInOnnxRuntime(small.bytes, examples)).toEqual(answers);
  const qonnx = await operatorsOf((await saved(playground, 'QONNX')).bytes);
  // The input, outputs of two layers, weights of three; the logits are not rounded.
  expect(qonnx.filter((type) => type === 'Quant')).toHaveLength(6);

  const c = await saved(playground, 'C99');
  const sources = texts(unzipped(c.bytes));
  expect(Object.keys(sources)).toHaveLength(3);
  if (hasGcc) expect(await answersInC(sources, info.outputDir, examples)).toEqual(answers);
  else console.warn('gcc is missing: the C export is not compiled.');

  // The model size that the page shows is the bytes of what is saved, exactly.
  const { tensors, notes } = readSafetensors((await saved(playground, 'Integer weights')).bytes);
  const total = [...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  await playground.status('Model size').hover();
  await expect(page.getByRole('tooltip')).toHaveText(new RegExp(`^${total} bytes\\.`));
  const packing = JSON.parse(notes.packing!) as Record<
    string,
    { shape: number[]; bits: number; encoding: string }
  >;
  expect(packing['dense2.weights']).toEqual({ shape: [1014, 16], bits: 3, encoding: 'twos' });
  expect(tensors.get('dense2.weights.packed')?.bytes.length).toBe((1014 * 16 * 3) / 8);

  // Integers times scales are the float weights, rounded: never further off than half a step.
  const floats = readSafetensors((await saved(playground, 'Float weights')).bytes).tensors;
  for (const layer of ['conv1', 'dense2', 'dense3']) {
    const { bits } = packing[`${layer}.weights`]!;
    const latent = numbersOf(floats.get(`qat.${layer}.weights`)!);
    const scales = numbersOf(tensors.get(`${layer}.weights.scale`)!);
    const codes = unpack(tensors.get(`${layer}.weights.packed`)!, bits, latent.length);
    const off = codes.map((code, i) => Math.abs(latent[i]! / scales[i % scales.length]! - code));
    expect(Math.max(...off)).toBeLessThanOrEqual(0.5001);
    expect(new Set(codes).size).toBeGreaterThan(Math.min(2 ** (bits - 1), latent.length / 2));
  }

  const curves = (await saved(playground, 'Curves')).bytes.toString().trim().split('\n');
  expect(curves[0]).toBe('step,float_accuracy,float_loss,ptq_accuracy,ptq_loss,qat_accuracy,qat_loss');
  expect(curves.at(-1)).toMatch(/^60,/);
  expect(`${(100 * Number(curves.at(-1)!.split(',')[5])).toFixed(1)} %`).toBe(integers);

  // The experiment opens again, and is the same one.
  await expect.poll(playground.fragment).toContain('stop=60');
  const address = playground.fragment();
  const experiment = await saved(playground, 'Experiment');
  await playground.bits('Weight', 'dense2', 8).check();
  await expect.poll(playground.fragment).not.toBe(address);
  await playground.button('Export').click();
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: 'Open experiment file…' }).click();
  await (await choosing).setFiles({
    name: experiment.name,
    mimeType: 'application/json',
    buffer: experiment.bytes,
  });
  await expect(playground.bits('Weight', 'dense2', 3)).toBeChecked();
  await expect.poll(playground.fragment).toBe(address);
});

test('a GRU runs in ONNX Runtime and in C as it does here, and its file is whole numbers', async ({
  playground,
}, info) => {
  const { page } = playground;
  await playground.open(
    'v=1&seed=3&data=digits;n=300;noise=0.5;test=0.3333333333333333&input=a8&net=rows_gru;24;w4;wr4;ag4;a4_dense;linear;w8;a32&opt=adam;lr=0.01&batch=32&stop=60',
  );
  await playground.trainTo(60);
  await openDeploy(playground);
  await playground.button('Run in ONNX Runtime').click();
  const trial = page.getByRole('table', { name: 'ONNX Runtime' });
  const ran = trial.getByRole('row', { name: 'ONNX Runtime' }).getByRole('cell');
  await expect(ran.nth(1)).toHaveText('0');
  const accuracy = await playground.text('QAT accuracy');
  await expect(ran.nth(0)).toHaveText(accuracy);
  expect(Number.parseFloat(accuracy)).toBeGreaterThan(30);

  const parts = unzipped((await saved(playground, 'PyTorch')).bytes);
  const examples = testSetOf(parts['data.safetensors']!);
  const { bytes } = await saved(playground, 'ONNX');
  expect(await operatorsOf(bytes)).toContain('Scan');
  const answers = await answersInOnnxRuntime(bytes, examples);
  expect(accuracyOf(answers, examples)).toBe(accuracy);
  const qonnx = await operatorsOf((await saved(playground, 'QONNX')).bytes);
  // The state after each of 28 rows, and the last one as output; the input, and three weight tensors.
  expect(qonnx.filter((type) => type === 'Quant')).toHaveLength(28 + 1 + 4);
  const sources = texts(unzipped((await saved(playground, 'C99')).bytes));
  if (hasGcc) expect(await answersInC(sources, info.outputDir, examples)).toEqual(answers);
  else console.warn('gcc is missing: the C export is not compiled.');
});

const hostile = '*/ int main(void){return 1;} /* ??/ ..\\..\\"\'`$(id) #include <x>.csv';

test('a hostile name stays text in every file, and becomes no path', async ({ playground }, info) => {
  const { page } = playground;
  await playground.open(
    'v=1&seed=1&data=moons;n=300;noise=0.1;test=0.5&input=a8&net=dense;8;w4;a4_dense;linear;w4;a32&opt=adam;lr=0.01&batch=32',
  );
  await page.getByLabel('Own data', { exact: true }).setInputFiles(csv('flowers.csv', flowers(120)));
  const dialog = page.getByRole('dialog', { name: 'Which column of flowers.csv is the class?' });
  await dialog.getByRole('combobox', { name: 'Label column' }).selectOption('species');
  await dialog.getByRole('button', { name: 'Use this column' }).click();
  await expect.poll(playground.fragment).toContain('name=flowers.csv');
  // The same data under another name, as a link of somebody else's may call them.
  const renamed = playground.fragment().replace('name=flowers.csv', `name=${encodeURIComponent(hostile)}`);
  await page.evaluate((hash) => {
    location.hash = hash;
  }, renamed);
  const chosen = playground.choice('Dataset').locator('option:checked');
  await expect(chosen).toContainText('int main');
  await playground.ready();
  await playground.stopAt(30);
  await playground.trainTo(30);
  await openDeploy(playground);

  const c = await saved(playground, 'C99');
  expect(c.name).toMatch(/^[a-z0-9-]+-c\.zip$/);
  const sources = texts(unzipped(c.bytes));
  for (const [name, text] of Object.entries(sources)) {
    expect(name).toMatch(/^[a-z0-9_]+\.[ch]$/);
    const comments = text.match(/\/\*[\s\S]*?\*\//g)!;
    const code = comments.reduce((rest, comment) => rest.replace(comment, ''), text);
    expect(code).not.toMatch(/return 1|include <x>|\?\?|\\\\|`|\$/);
  }
  const parts = unzipped((await saved(playground, 'PyTorch')).bytes);
  expect(Object.keys(parts).sort()).toEqual(['data.safetensors', 'train.py', 'weights.safetensors']);
  const examples = testSetOf(parts['data.safetensors']!);
  const onnx = await saved(playground, 'ONNX');
  expect(onnx.name).toMatch(/^[a-z0-9-]+\.onnx$/);
  const answers = await answersInOnnxRuntime(onnx.bytes, examples);
  if (hasGcc) expect(await answersInC(sources, info.outputDir, examples)).toEqual(answers);
  else console.warn('gcc is missing: the C export is not compiled.');
  await playground.button('Compare with integers').click();
  await expect(playground.status('Parity')).toContainText(
    `accuracy ${accuracyOf(answers, examples)} as integers`,
  );
});
