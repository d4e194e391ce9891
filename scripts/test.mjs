/**
 * `npm test`: everything that CI runs, on a machine that has only Node, git and the package registries. Installs what is
 * missing (a Chromium too), then: format and lint, types, builds, unit tests (kernels in Chromium on three backends),
 * journeys in Chromium. The last line is the sum: "N passed, N failed".
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build, installPackages, root, run } from './prepare.mjs';

const output = join(root, 'build/test');
const sum = { passed: 0, failed: 0, skipped: 0 };

function count(name, passed, failed = 0, skipped = 0) {
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += skipped;
  console.log(`${name}: ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
}

/** One check that has no counts of its own. */
const check = (name, command, parameters) =>
  count(name, ...(run(command, parameters) === 0 ? [1, 0] : [0, 1]));

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

/** Debian's package where we may install it, else Playwright's own download. */
async function ensureChromium() {
  const { findChromium } = await import('./chromium.mjs');
  if (findChromium()) return;
  console.error('No Chromium found; installing one …');
  const debian = existsSync('/usr/bin/apt-get') && process.getuid?.() === 0;
  if (debian) {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
  }
  if (!findChromium())
    run('npx', ['playwright', 'install', ...(debian ? ['--with-deps'] : []), 'chromium'], {
      timeout: 300_000,
    });
  if (findChromium()) return;
  console.error(
    'No Chromium could be installed. Install Chrome or Chromium, or name one by CHROMIUM=/path/to/it.',
  );
  process.exit(1);
}

function unitTests() {
  const file = join(output, 'unit.json');
  const status = run('npx', [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  const result = readJson(file);
  const failed = result?.numFailedTests ?? 1;
  const skipped = (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0);
  // A file that cannot be loaded fails the run without a failed test.
  count('unit tests', result?.numPassedTests ?? 0, status !== 0 && failed === 0 ? 1 : failed, skipped);
}

/** A port that nothing listens on. */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function journeys() {
  const file = join(output, 'journeys.json');
  const status = run('npx', ['playwright', 'test', '--reporter=list,json'], {
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: file, E2E_PORT: String(await freePort()) },
  });
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = readJson(file)?.stats ?? {};
  const failed = unexpected + flaky;
  count('journeys', expected, status !== 0 && failed === 0 ? 1 : failed, skipped);
}

process.chdir(root);
installPackages();
await ensureChromium();
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

check('format and lint', 'npx', ['biome', 'check', '.']);
build('build:assembly', 'build/assembly/kernels.wasm');
check('types', 'npm', ['run', '--silent', 'typecheck']);
check('page build', 'npm', ['run', '--silent', 'build']);
check('terminal build', 'npm', ['run', '--silent', 'build:headless']);
unitTests();
await journeys();

const skipped = sum.skipped ? `, ${sum.skipped} skipped` : '';
console.log(`${sum.passed} passed, ${sum.failed} failed${skipped}`);
process.exitCode = sum.failed === 0 ? 0 : 1;
