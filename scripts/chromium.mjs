/** Finds a Chromium for the tests: one named by CHROMIUM, Playwright's own, or the system's. */
import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';

/** Headless WebGPU on the software adapter; harmless where a GPU is present. */
export const chromiumArguments = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const systemPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** @returns {string | undefined} the path of an executable Chromium, or undefined if there is none */
export function findChromium() {
  return [process.env.CHROMIUM, chromium.executablePath(), ...systemPlaces].find(
    (path) => path && existsSync(path),
  );
}
