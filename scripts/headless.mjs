/** Runs an entry of src/headless in Node: `npm run experiment` (main), `npm run table`. */
import { join } from 'node:path';
import { build, installPackages, root, run } from './prepare.mjs';

const [entry = 'main', ...parameters] = process.argv.slice(2);
const bundle = `build/headless/${entry}.js`;
installPackages();
build('build:headless', bundle);
process.exitCode = run(process.execPath, [join(root, bundle), ...parameters], {
  stdio: 'inherit',
  shell: false,
  // Files are named relative to where the person is, not to the project.
  cwd: process.env.INIT_CWD ?? process.cwd(),
});
