/**
 * What a visitor waits for in the first minute, on WASM in a headless Chromium, against the built page. Prints figures,
 * asserts nothing: `node bench/first-minute.mjs`.
 */
import { chromium } from '@playwright/test';
import { preview } from 'vite';
import { chromiumArguments, findChromium } from '../scripts/chromium.mjs';
import { build, root } from '../scripts/prepare.mjs';

/** Seconds that the default experiment is watched. */
const watched = 20;
/** Seconds after which waiting for the digits is given up. */
const patience = 90;
const digitsGoal = 95;

process.chdir(root);
build('build', 'dist/index.html');
const server = await preview({ preview: { host: '127.0.0.1', port: 0 }, logLevel: 'error' });
const address = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArguments });

/** Runs in the page: notes every value of QAT accuracy, and when Train is pressed. */
function watch() {
  const notes = { accuracies: [], pressed: undefined };
  Object.assign(globalThis, { notes });
  addEventListener(
    'click',
    ({ target, timeStamp }) => {
      if (target.closest('button')?.textContent === 'Train') notes.pressed ??= timeStamp;
    },
    true,
  );
  let last;
  new MutationObserver(() => {
    const text = document.querySelector('[aria-label="QAT accuracy"]')?.textContent ?? '';
    if (text === last) return;
    last = text;
    notes.accuracies.push({ time: performance.now(), value: Number.parseFloat(text) });
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

/** Traces the page's thread; on stop, its longest task in ms: by the clock, and by the processor time it took. */
async function traceTasks(page) {
  await browser.startTracing(page, { categories: ['toplevel'] });
  return async () => {
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const threads = new Map();
    for (const { name, ph, pid, tid, dur, tdur = 0 } of traceEvents) {
      if (ph !== 'X' || !name.endsWith('RunTask')) continue;
      const thread = threads.get(`${pid} ${tid}`) ?? { clock: 0, processor: 0, sum: 0 };
      thread.clock = Math.max(thread.clock, dur / 1000);
      thread.processor = Math.max(thread.processor, tdur / 1000);
      threads.set(`${pid} ${tid}`, thread);
    }
    const main = traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => threads.get(`${pid} ${tid}`) ?? { clock: 0, processor: 0 });
    const longest = (key) => Math.max(...main.map((thread) => thread[key])).toFixed(0);
    return `${longest('clock')} ms by the clock, ${longest('processor')} ms of processor time`;
  };
}

/** A visitor without a cache or a past: opens the page, presses Train as soon as there is a number. */
async function visit(prepare) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(watch);
  await page.goto(address);
  const ready = () =>
    page.waitForFunction(() => /\d/.test(document.querySelector('[aria-label="QAT accuracy"]')?.textContent));
  await ready();
  const opened = await page.evaluate(() => performance.now());
  await prepare(page);
  await ready();
  const longestTask = await traceTasks(page);
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  /** QAT accuracy since Train was pressed. */
  const accuracies = async () => {
    const notes = await page.evaluate(() => globalThis.notes);
    return notes.accuracies
      .map(({ time, value }) => ({ time: time - notes.pressed, value }))
      .filter(({ time }) => time > 0);
  };
  return { page, opened, accuracies, longestTask, close: () => context.close() };
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const print = (what, figure) => console.log(`${what.padEnd(66)} ${figure}`);

const first = await visit(async () => {});
await first.page.waitForTimeout(watched * 1000);
const accuracies = await first.accuracies();
const longestTask = await first.longestTask();
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const since = (ms) => accuracies.filter(({ time }) => time > ms).map(({ value }) => value);
/** Accuracy wavers from one evaluation to the next: the median of the last two seconds stands for the plateau. */
const plateau = median(since((watched - 2) * 1000));
const reached = accuracies.find(({ value }) => value >= plateau - 1);
const steps = await first.page.locator('[aria-label="Step"]').textContent();
await first.close();
print('cold load to the first numbers', seconds(first.opened));
print('Train to the first change of QAT accuracy', `${accuracies[0].time.toFixed(0)} ms`);
for (const at of [1, 2, 5, 10])
  print(
    `default experiment, QAT accuracy after ${at} s`,
    `${accuracies.findLast(({ time }) => time <= 1000 * at).value} %`,
  );
print(`default experiment, QAT accuracy after ${watched} s (step ${steps})`, `${plateau} %`);
print('default experiment, within 1 point of that after', seconds(reached.time));
print('longest task on the page’s thread while it trains', longestTask);

const digits = await visit(async (page) => {
  await page.getByRole('combobox', { name: 'Dataset', exact: true }).selectOption('digits');
  await page.getByText('28×28×1 pixels').waitFor();
});
const goal = await digits.page
  .waitForFunction(
    (least) => globalThis.notes.pressed && globalThis.notes.accuracies.at(-1)?.value > least,
    digitsGoal,
    {
      timeout: patience * 1000,
    },
  )
  .then(() => true)
  .catch(() => false);
const seen = await digits.accuracies();
const longestTaskOfDigits = await digits.longestTask();
const stepsOfDigits = await digits.page.locator('[aria-label="Step"]').textContent();
await digits.close();
const over = seen.find(({ value }) => value > digitsGoal);
print(
  `digits, CNN at W4 A4: QAT accuracy over ${digitsGoal} %`,
  goal && over
    ? `after ${seconds(over.time)} (step ${stepsOfDigits})`
    : `not within ${patience} s (${seen.at(-1)?.value} %)`,
);
print('longest task on the page’s thread while the digits train', longestTaskOfDigits);

await browser.close();
await server.close();
