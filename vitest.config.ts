/**
 * Two projects. `node`: everything that needs no GPU. `browser`: *.kernel.test.ts in a real Chromium, where the same
 * assertions run on the cpu, wasm and webgpu backends (WebGPU on SwiftShader where there is no GPU).
 */
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumArguments, findChromium } from './scripts/chromium.mjs';
import { alias, isolationHeaders } from './vite.config.ts';

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts'],
          exclude: ['src/**/*.kernel.test.ts'],
          environment: 'node',
          // Training on a busy machine is slow; a hang still ends.
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        server: { headers: isolationHeaders },
        optimizeDeps: {
          include: [
            '@tensorflow/tfjs-core',
            '@tensorflow/tfjs-backend-cpu',
            '@tensorflow/tfjs-backend-wasm',
            '@tensorflow/tfjs-backend-webgpu',
          ],
        },
        test: {
          name: 'browser',
          include: ['src/**/*.kernel.test.ts'],
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: findChromium(), args: chromiumArguments },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
