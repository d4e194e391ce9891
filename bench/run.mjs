/**
 * `npm run bench -- [--json] [--only NAME] [--peers] [--backend NAME] [--presets] [--host]`: the reference workloads in Chromium, on WASM (on one thread, and
 * on several as the page trains) and on WebGPU where there is an adapter, with peers in the same run. Contestants take short turns, so that drift of a shared machine falls
 * on all of them; a figure is the median over the turns of the median step in each. `--host` leaves the times of steps out and
 * measures what a QAT step on WebGPU costs the worker, and lists its dispatches. `--memory` reads memory over many steps
 * and recordings of spiral-mlp, or of `--only`.
 */
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { preview } from 'vite';
import { chromiumArguments, findChromium } from '../scripts/chromium.mjs';
import { build, installPackages, root, run } from '../scripts/prepare.mjs';
import { PyTorch } from './peers.mjs';
import { printHost, printMemory, printReport, printSections } from './report.mjs';
import { workloadNames, workloads } from './workloads.mjs';

const usage =
  'Usage: npm run bench -- [--json] [--only NAME] [--peers] [--rounds N] [--backend wasm] [--presets]\n       npm run bench -- --host [--json] [--only NAME]\n       npm run bench -- --memory [--backend NAME] [--steps N] [--recordings N] [--only NAME] [--json]\n       npm run bench -- --growth|--together|--toggles|--shares [--json] [--only NAME] [--rounds N]\n       npm run bench -- --profile NAME';
/** Length of a turn in ms, and how many each contestant has. */
const turnMs = 400;
const defaultRounds = 9;
const slowRounds = 1;
/** Parts beside the step times, on WASM: page/sections.ts says what each measures. */
const sectionNames = ['growth', 'together', 'toggles', 'shares'];

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        peers: { type: 'boolean', default: false },
        only: { type: 'string' },
        profile: { type: 'string' },
        backend: { type: 'string' },
        presets: { type: 'boolean', default: false },
        host: { type: 'boolean', default: false },
        memory: { type: 'boolean', default: false },
        steps: { type: 'string', default: '20000' },
        recordings: { type: 'string', default: '200' },
        ...Object.fromEntries(sectionNames.map((name) => [name, { type: 'boolean', default: false }])),
        rounds: { type: 'string', default: String(defaultRounds) },
      },
    });
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number above 0.');
    if (
      values.only !== undefined &&
      !values.presets &&
      !workloadNames.some((name) => name.includes(values.only))
    )
      throw new Error(`--only names one of ${workloadNames.join(', ')}, or a part of such a name.`);
    const counts = [Number(values.steps), Number(values.recordings)];
    if (!counts.every((count) => Number.isInteger(count) && count >= 10 && count % 10 === 0))
      throw new Error('--steps and --recordings take multiples of 10.');
    const own = values.host || values.memory;
    const sections = sectionNames.filter((name) => values[name]);
    return {
      ...values,
      rounds,
      counts,
      sections,
      ...(own ? { peers: false, presets: false } : {}),
      ...(values.host ? { backend: 'webgpu' } : {}),
      ...(values.memory ? { only: values.only ?? 'spiral-mlp', backend: values.backend ?? 'wasm' } : {}),
      ...(sections.length > 0 ? { backend: 'wasm', peers: false, presets: false } : {}),
    };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const rounded = (value, digits = 4) => Number(value.toPrecision(digits));

const options = readArguments();
process.chdir(root);
installPackages();
if (options.profile !== undefined) {
  const bundle = 'build/bench-node/profile.js';
  build('build:bench-node', bundle, ['bench']);
  process.exit(
    run(process.execPath, [join(root, bundle), options.profile], { stdio: 'inherit', shell: false }),
  );
}
build('build:bench', 'build/bench/index.html', ['bench']);
const server = await preview({
  configFile: 'bench/vite.config.ts',
  preview: { host: '127.0.0.1', port: 0 },
  logLevel: 'error',
});
const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArguments });
const page = await browser.newPage();
page.on('pageerror', (error) => console.error(`The page: ${error.message}`));
await page.goto(server.resolvedUrls.local[0]);

/** A worker of the page, as an object of calls. */
const worker =
  (kind, key = kind) =>
  (name, ...parameters) =>
    page.evaluate(
      ([kind, key, name, parameters]) => globalThis.ask(kind, key, name, ...parameters),
      [kind, key, name, parameters],
    );

/** One that takes turns. `start` and `prepare` may throw: it is then reported with its error. */
const browserContestant = (group, name, ask, startWith, textOf = (workload) => workload) => ({
  group,
  name,
  start: () => ask('start', ...[startWith].flat()),
  prepare: (workload) => ask('prepare', textOf(workload)),
  slice: () => ask('slice', turnMs),
  ask,
});
const links = { ...workloads };
const threaded = !options.host && !options.memory;
const linkOf = (workload) => links[workload];
const contestants = [
  // WASM on one thread; as the page trains, on several where that gains; and so with fused sums.
  ...[
    ['wasm', 'wasm', 1],
    ['wasm-threads', 'wasm'],
    ['wasm-fused', 'fused'],
    ['webgpu', 'webgpu', 1],
  ]
    .filter(([name, backend]) => {
      const wanted = options.backend ?? name.split('-')[0];
      return name.split('-')[0] === wanted && (threaded || name === backend);
    })
    .map(([name, ...startWith]) =>
      browserContestant('backends', name, worker('ours', name), startWith, linkOf),
    ),
  ...(options.peers && !options.presets
    ? [
        new PyTorch(turnMs),
        browserContestant('peers', 'tfjs-wasm', worker('tfjs', 'tfjs-wasm'), 'wasm'),
        browserContestant('peers', 'tfjs-cpu', worker('tfjs', 'tfjs-cpu'), 'cpu'),
        browserContestant('peers', 'jaxjs', worker('jaxjs'), undefined),
      ]
    : []),
];

const sentence = (error) => error.message.replace(/^page\.evaluate: (Error: )?/, '').split('\n')[0];
/** What a QAT step on WebGPU costs the worker. */
async function hostOf(one) {
  const { ms, eagerMs, launches, eagerDispatches, mode } = await one.ask('host');
  return {
    host_ms: rounded(ms),
    eager_host_ms: rounded(eagerMs),
    dispatches: launches.length,
    eager_dispatches: eagerDispatches,
    step: mode,
    launches,
  };
}

const results = { backends: {}, peers: {} };
const statuses = {};
const running = [];
for (const one of contestants) {
  results[one.group][one.name] = {};
  try {
    statuses[one.name] = await one.start();
    running.push(one);
  } catch (error) {
    results[one.group][one.name] = { error: sentence(error) };
  }
}

// The presets of the page in the place of the reference workloads; peers do not know them.
const presets = options.presets && running[0] ? await running[0].ask('presets') : [];
for (const { name, link } of presets) links[name] = link;
const all = options.presets ? presets.map(({ name }) => name) : workloadNames;
const names = all.filter((name) => options.only === undefined || name.includes(options.only));
const sections = {};
for (const section of options.sections) {
  sections[section] = {};
  for (const workload of names) {
    try {
      sections[section][workload] = await running[0].ask('section', section, links[workload], options.rounds);
    } catch (error) {
      sections[section][workload] = { error: sentence(error) };
    }
    console.error(`${section}, ${workload}: done`);
  }
}
for (const workload of options.sections.length > 0 ? [] : names) {
  const racing = [];
  for (const one of running) {
    try {
      await one.prepare(workload);
      racing.push({ one, slices: [] });
    } catch (error) {
      results[one.group][one.name][workload] = { error: sentence(error) };
    }
  }
  if (options.memory) {
    for (const { one } of racing)
      results[one.group][one.name][workload] = await one.ask('memory', ...options.counts);
    continue;
  }
  if (options.host) {
    for (const { one } of racing) results[one.group][one.name][workload] = await hostOf(one);
    continue;
  }
  for (let round = 0; round < options.rounds; round++)
    for (const entry of racing) {
      // One whose turns take far too long, such as WebGPU on a software adapter, has few.
      if (entry.error || (entry.slow && entry.slices.length >= slowRounds)) continue;
      try {
        const start = performance.now();
        entry.slices.push(await entry.one.slice(workload));
        entry.slow ||= performance.now() - start > 8 * turnMs;
      } catch (error) {
        entry.error = sentence(error);
      }
    }
  for (const { one, slices, error } of racing) {
    if (error) {
      results[one.group][one.name][workload] = { error };
      continue;
    }
    const [float, qat] = [median(slices.map((s) => s.float)), median(slices.map((s) => s.qat))];
    // Of turns side by side.
    const alone = one.name.startsWith('wasm-') && racing.find((other) => other.one.name === 'wasm')?.slices;
    const gains = (alone || []).flatMap((s, i) => (slices[i] ? [s.qat / slices[i].qat] : []));
    const row = {
      ...(gains.length > 0 && float > 0.1 ? { gain: rounded(median(gains), 3) } : {}),
      float_ms: rounded(float),
      qat_ms: rounded(qat),
      // Each turn's own ratio: what slows a turn slows both.
      overhead: rounded(median(slices.map((s) => s.qat / s.float)), 3),
    };
    if (one.name === 'webgpu') {
      Object.assign(row, await hostOf(one));
    }
    if (slices.at(-1).mode) row.step = slices.at(-1).mode;
    if (slices[0].whole !== undefined) row.step_ms = rounded(median(slices.map((s) => s.whole)));
    results[one.group][one.name][workload] = row;
  }
  console.error(`${workload}: done`);
}

/** qat_ms of a peer over ours, and the geometric mean over the workloads that both have. */
function ratiosTo(theirs, ours = {}) {
  const both = names.filter((name) => theirs[name]?.qat_ms && ours[name]?.qat_ms);
  if (both.length === 0) return undefined;
  const each = both.map((name) => theirs[name].qat_ms / ours[name].qat_ms);
  const product = each.reduce((sum, ratio) => sum * ratio, 1);
  return {
    ...Object.fromEntries(both.map((name, i) => [name, rounded(each[i], 3)])),
    geometric_mean: rounded(product ** (1 / both.length), 3),
  };
}

/** Every peer over our one thread; PyTorch, which has the better of one and two, over our threads too. */
function ratiosOf({ backends, peers }) {
  const ratios = Object.entries(peers).map(([peer, rows]) => [peer, ratiosTo(rows, backends.wasm)]);
  if (peers.pytorch) ratios.push(['pytorch_threads', ratiosTo(peers.pytorch, backends['wasm-threads'])]);
  return Object.fromEntries(ratios.filter(([, each]) => each));
}

const isolated = await page.evaluate(() => globalThis.crossOriginIsolated);
const report = {
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    system: `${process.platform} ${release()}`,
    browser: `Chromium ${browser.version()}`,
    isolated,
    adapter: statuses.webgpu?.adapter ?? null,
    ...(statuses.pytorch ? { pytorch: statuses.pytorch } : {}),
  },
  ...results,
  ratios: ratiosOf(results),
  ...(options.sections.length > 0 ? { sections } : {}),
};
await browser.close();
await server.close();
if (options.json) console.log(JSON.stringify(report));
else if (options.memory) printMemory(report, names);
else if (options.sections.length > 0) printSections(report);
else if (options.host) printHost(report, names);
else printReport(report, names);
