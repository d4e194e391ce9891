/** Bundles what the benchmark runs in Node, as vite.headless.config.ts bundles the headless runner. */
import { defineConfig } from 'vite';
import { alias } from '../vite.config.ts';

export default defineConfig({
  resolve: { alias },
  ssr: { noExternal: ['@tensorflow/tfjs-backend-webgpu', '@tensorflow/tfjs-backend-cpu'] },
  build: {
    ssr: true,
    rolldownOptions: { input: { profile: 'bench/node/profile.ts' } },
    outDir: 'build/bench-node',
    target: 'node20',
    minify: false,
    emptyOutDir: true,
  },
});
