/**
 * Bundles the headless runner for Node. Node cannot deep-import tfjs (its ES modules have no extensions), so
 * backend-webgpu is bundled, and backend-cpu, into whose files it reaches; core and backend-wasm stay external, because
 * bundling them keeps wasm from starting.
 */
import { defineConfig } from 'vite';
import { alias } from './vite.config.ts';

export default defineConfig({
  resolve: { alias },
  ssr: { noExternal: ['@tensorflow/tfjs-backend-webgpu', '@tensorflow/tfjs-backend-cpu'] },
  build: {
    ssr: true,
    rolldownOptions: {
      input: {
        main: 'src/headless/main.ts',
        table: 'src/headless/table.ts',
        results: 'src/headless/results.ts',
        parity: 'src/headless/parity/index.ts',
      },
    },
    outDir: 'build/headless',
    target: 'node20',
    minify: false,
    emptyOutDir: true,
  },
});
