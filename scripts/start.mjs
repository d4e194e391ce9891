/** `npm start`: installs what is missing, builds, and serves the playground on 127.0.0.1. PORT sets the port. */
import { build, installPackages, root } from './prepare.mjs';

installPackages();
build('build', 'dist/index.html');
process.chdir(root);

const wanted = process.env.PORT ?? '4173';
const port = Number(wanted);
if (!Number.isInteger(port) || port < 1 || port > 65535) {
  console.error(`PORT must be a number from 1 to 65535, not "${wanted.slice(0, 20)}".`);
  process.exit(2);
}
const { preview } = await import('vite');
const server = await preview({ preview: { host: '127.0.0.1', port, strictPort: false }, logLevel: 'warn' });
console.log('QAT Playground is ready. Open this address in a browser; Ctrl-C stops it.');
console.log(server.resolvedUrls?.local[0] ?? `http://127.0.0.1:${port}/`);
