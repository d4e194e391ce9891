/** What the commands share: installing what is missing, building what is older than its sources. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command in the project's folder; what it prints goes to stderr, so that stdout stays the caller's. */
export function run(command, parameters, options = {}) {
  const { status, error } = spawnSync(command, parameters, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    ...options,
  });
  if (error) console.error(`${command} did not start: ${error.message}`);
  return status ?? 1;
}

/** Ends the process with one sentence if a command fails. */
export function mustRun(sentence, command, parameters) {
  if (run(command, parameters) === 0) return;
  console.error(sentence);
  process.exit(1);
}

/** Runs `npm ci` if the packages are missing or older than the lock file. */
export function installPackages() {
  const installed = join(root, 'node_modules/.package-lock.json');
  const lock = join(root, 'package-lock.json');
  // A linked folder belongs to another checkout, which npm would empty.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.error('Installing packages …');
  mustRun('The packages could not be installed; see the messages above.', 'npm', ['ci', '--loglevel=error']);
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(...readdirSync(path).map((name) => newest(join(path, name))), 0);
}

/**
 * Runs the npm script if its output is older than anything that it is made from.
 * @param {string[]} more sources beside those of every build
 */
export function build(script, output, more = []) {
  const sources = [
    ...more,
    'src',
    'public',
    'index.html',
    'scripts',
    'package-lock.json',
    'vite.config.ts',
    'vite.headless.config.ts',
  ];
  const target = join(root, output);
  if (
    existsSync(target) &&
    statSync(target).mtimeMs >= Math.max(...sources.map((path) => newest(join(root, path))))
  )
    return;
  console.error('Building …');
  mustRun('The build failed; see the messages above.', 'npm', ['run', '--silent', script]);
}
