/** `npm run experiment`: runs an experiment in the terminal. Arguments are those of src/headless/main.ts. */
import { join } from 'node:path';
import { build, installPackages, root, run } from './prepare.mjs';

installPackages();
build('build:headless', 'build/headless/main.js');
process.exitCode = run(process.execPath, [join(root, 'build/headless/main.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  shell: false,
  // Files are named relative to where the person is, not to the project.
  cwd: process.env.INIT_CWD ?? process.cwd(),
});
