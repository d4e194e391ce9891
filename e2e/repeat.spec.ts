/** On WASM the same seed gives the same numbers: Reset, Replay, a link in another browser, the terminal. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from './support/playground';

test('Reset and Replay repeat a run digit for digit', async ({ playground }) => {
  await playground.open();
  await playground.stopAt(300);
  await playground.trainTo(300);
  const first = await playground.scores();

  await playground.button('Reset').click();
  await expect(playground.status('Step')).toHaveText('0');
  await playground.trainTo(300);
  expect(await playground.scores()).toEqual(first);

  // A change at step 300, and on to 500.
  await playground.bits('Weight', 'dense2', 1).check();
  await expect.poll(playground.fragment).toContain('do=300;dense2.w1');
  await playground.stopAt(500);
  await playground.trainTo(500);
  const changed = await playground.scores();

  await playground.button('Replay').click();
  await expect(playground.messages).toContainText('Replayed up to step 500.');
  expect(await playground.scores()).toEqual(changed);
  expect(playground.fragment()).toContain('do=300;dense2.w1');

  // Reset starts from the present settings and forgets the record.
  await playground.button('Reset').click();
  await expect(playground.bits('Weight', 'dense2', 1)).toBeChecked();
  await expect.poll(playground.fragment).not.toContain('do=');
});

test('a shared link rebuilds the experiment and its numbers in another browser', async ({
  playground,
  visitor,
}) => {
  const { page } = playground;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await playground.open();
  await playground.choice('Dataset').selectOption('circles');
  await playground.type('Seed', '7');
  await playground.type('Learning rate', '0.01');
  await playground.bits('Weight', 'dense1', 3).check();
  await playground.stopAt(120);
  await playground.trainTo(120);
  await playground.bits('Weight', 'all layers', 4).check();
  await playground.bits('Activation', 'input', 3).check();
  await playground.stopAt(260);
  await playground.trainTo(260);
  const scores = await playground.scores();

  await playground.button('Share').click();
  await expect(playground.messages).toContainText('Link copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  // The address bar follows within a moment, so that typing does not fill the browser's history.
  await expect.poll(playground.fragment).toBe(new URL(link).hash.slice(1));

  await visitor.page.goto(link);
  await visitor.ready();
  await expect(visitor.status('Step')).toHaveText('0');
  await expect(visitor.choice('Dataset')).toHaveValue('circles');
  await expect(visitor.field('Seed')).toHaveValue('7');
  await expect(visitor.bits('Weight', 'dense1', 3)).toBeChecked();
  await visitor.trainTo(260);
  expect(await visitor.scores()).toEqual(scores);
  for (const layer of ['dense1', 'dense2', 'dense3'])
    await expect(visitor.bits('Weight', layer, 4)).toBeChecked();
});

const root = fileURLToPath(new URL('..', import.meta.url));
const terminal = (...parameters: string[]) =>
  spawnSync(process.execPath, ['scripts/headless.mjs', 'main', ...parameters], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, INIT_CWD: root },
  });

test('the terminal gives the same JSON twice, exporting or not, and the page’s numbers', async ({
  playground,
}, info) => {
  const link =
    'v=1&seed=11&data=moons;n=600;noise=0.15;test=0.5&input=a8&net=dense;16;w4;a4_dense;16;w2;a4_dense;w8;a32&opt=sgd;lr=0.05;momentum=0.9&batch=32&stop=250&do=100;w3';
  const report = (...more: string[]) => {
    const { status, stdout } = terminal(`#${link}`, '--json', ...more);
    expect(status).toBe(0);
    const { stepMs, parity, ...rest } = JSON.parse(stdout);
    expect(stepMs.qat).toBeGreaterThan(0);
    // The clock's part of the report differs from run to run.
    return { ...rest, parity: { ...parity, engineMs: 0 } };
  };
  const first = report();
  const folder = info.outputPath('exports');
  expect(report('--export', folder)).toEqual(first);
  const stem = 'moons-mlp-16-16-w3-a4-seed-11-3-changes';
  expect(readdirSync(folder).sort()).toEqual(
    [
      ...['-c.zip', '-float.safetensors', '-int4.onnx', '-integer.safetensors', '-pytorch.zip'],
      ...['-qdq.onnx', '-qonnx.onnx', '.json', '.onnx'],
    ].map((ending) => `${stem}${ending}`),
  );
  expect(first).toMatchObject({ backend: 'wasm', mode: 'deterministic', seed: 11, steps: 250, link });

  await playground.open(link);
  await playground.trainTo(250);
  const shown = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;
  await expect(playground.status('Float accuracy')).toHaveText(shown(first.float.accuracy));
  await expect(playground.status('PTQ accuracy')).toHaveText(shown(first.ptq.accuracy));
  await expect(playground.status('QAT accuracy')).toHaveText(shown(first.qat.accuracy));
  await expect(playground.status('Model size')).toHaveText(`${first.bytes.quantized} B`);
});

test('the terminal refuses in one sentence', () => {
  const refused = terminal('#v=9&seed=1', '--json');
  expect(refused).toMatchObject({
    status: 1,
    stdout: '',
    stderr: 'The link is of version “9”, and this playground reads version 1.\n',
  });
  expect(terminal('--steps', 'many')).toMatchObject({ status: 2, stdout: '' });
  expect(terminal('--speed')).toMatchObject({ status: 2, stdout: '' });
  expect(terminal('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--sweep FILE') });
});
