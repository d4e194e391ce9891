/** A stand-in for the Hugging Face hub on this machine: serves small parquet files in parts, and stalls when told to. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { type HubFiles, listOf, parquet, partOf } from '../../src/data/testing/hub';
import { png } from '../../src/data/testing/png';

/** Images of 8x8 pixels: the left half bright is one class, the right half the other; some noise in each. */
export const halves = (index: number, side = 8) =>
  png(side, side, (row, column) => {
    const bright = column < side / 2 === (index % 2 === 0);
    const noise = (37 * index + 11 * row + 29 * column) % 80;
    return [(bright ? 170 : 0) + noise, noise, 60];
  });
const rows = (count: number, first: number) => ({
  images: Array.from({ length: count }, (_, i) => halves(first + i)),
  labels: Array.from({ length: count }, (_, i) => (first + i) % 2),
});
const classNames = ['left', 'right'];

/** Data sets by name. */
const sets: Record<string, HubFiles> = {
  'test/halves': {
    'default/train/0000.parquet': parquet(rows(400, 0), { classNames }),
    'default/test/0000.parquet': parquet(rows(100, 400), { classNames }),
  },
  'test/unlabelled': {
    'default/train/0000.parquet': parquet(rows(20, 0), { labelColumn: null }),
  },
};

export class HubStandIn {
  /** Paths that were asked for, in order. */
  readonly asked: string[] = [];
  /** While true, images come half and then not at all. */
  stalling = false;
  private readonly held = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<HubStandIn> {
    const server = createServer();
    const hub = new HubStandIn(server);
    server.on('request', ({ method, url = '', headers }, response) => {
      response.setHeader('Access-Control-Allow-Origin', '*');
      response.setHeader('Access-Control-Allow-Headers', 'Range');
      if (method === 'OPTIONS') return response.writeHead(204).end();
      hub.asked.push(url);
      const { pathname, searchParams } = new URL(url, hub.address);
      if (pathname === '/parquet') {
        const name = searchParams.get('dataset') ?? '';
        const files = sets[name];
        if (!files) return response.writeHead(404).end('{}');
        response.setHeader('Content-Type', 'application/json');
        return response.end(JSON.stringify(listOf(name, files, `${hub.address}/files/${name}`)));
      }
      const [, , owner, set, ...path] = pathname.split('/');
      const file = sets[`${owner}/${set}`]?.[path.join('/')];
      if (!file) return response.writeHead(404).end();
      const part = partOf(file, headers.range);
      response.writeHead(206, { 'Content-Length': part.length });
      // The table of contents is at the end: what ends before it are images.
      const contents = Number(/-(\d+)$/.exec(headers.range ?? '')?.[1]) === file.length - 1;
      if (!hub.stalling || contents) return response.end(part);
      response.write(part.subarray(0, Math.floor(part.length / 2)));
      hub.held.add(response);
      response.on('close', () => hub.held.delete(response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return hub;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  /** Requests that were answered half. */
  get waiting(): number {
    return this.held.size;
  }
  get files(): string[] {
    return this.asked.filter((path) => path.startsWith('/files/'));
  }

  /** Makes a page ask here, as a preference of its browser. */
  async serves(page: Page): Promise<void> {
    await page.addInitScript((hub) => {
      const key = 'qat-playground/preferences';
      const kept = JSON.parse(localStorage.getItem(key) ?? '{}');
      localStorage.setItem(key, JSON.stringify({ ...kept, hub }));
    }, this.address);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
