/** Builds the benchmark's page: its three workers are the real session, stock tfjs and jax-js. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { alias, isolationHeaders } from '../vite.config.ts';

const root = fileURLToPath(new URL('page', import.meta.url));

export default defineConfig({
  root,
  base: './',
  resolve: { alias },
  worker: { format: 'es' },
  build: {
    outDir: '../../build/bench',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 4000,
  },
  preview: { headers: isolationHeaders },
});
