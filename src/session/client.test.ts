import { describe, expect, it, vi } from 'vitest';
import { defaultExperiment } from '@/experiment/presets';
import { mergeSnapshots, SessionClient } from './client';
import type { Snapshot } from './protocol';
import { Port, point, snapshot } from './testing/port';

function start() {
  const ports: Port[] = [];
  const heard: string[] = [];
  const snapshots: Snapshot[] = [];
  const frames: (() => void)[] = [];
  const client = new SessionClient(
    {
      event: (event) => heard.push(event.type),
      snapshot: (merged) => {
        heard.push(`snapshot ${merged.step}`);
        snapshots.push(merged);
      },
      crashed: (reason) => heard.push(`crashed: ${reason}`),
    },
    () => {
      const port = new Port();
      ports.push(port);
      return port;
    },
    (callback) => frames.push(callback),
  );
  const frame = () => {
    for (const callback of frames.splice(0)) callback();
  };
  const port = () => ports.at(-1)!;
  return { client, ports, port, heard, snapshots, frame, frames };
}

describe('the session client', () => {
  it('drops events of a run that has been left', () => {
    const { client, port, heard, frame } = start();
    const first = client.load(defaultExperiment, { backend: 'auto' });
    const second = client.load(defaultExperiment, { backend: 'auto' });
    expect(second).toBeGreaterThan(first);
    port().say({ type: 'snapshot', run: first, snapshot: snapshot(10) });
    port().say({ type: 'paused', run: first, step: 10, reason: 'asked' });
    frame();
    expect(heard).toEqual([]);
    port().say({ type: 'paused', run: second, step: 0, reason: 'asked' });
    expect(heard).toEqual(['paused']);
  });

  it('applies one merged snapshot per frame and loses no evaluation', () => {
    const { client, port, snapshots, frame, frames } = start();
    const run = client.load(defaultExperiment, { backend: 'auto' });
    const layers = [{ name: 'dense1', sites: {} }];
    port().say({ type: 'snapshot', run, snapshot: snapshot(10, { points: [point(10)], layers }) });
    port().say({ type: 'snapshot', run, snapshot: snapshot(20, { points: [point(15), point(20)] }) });
    expect(frames).toHaveLength(1);
    frame();
    expect(snapshots).toHaveLength(1);
    expect(snapshots[0]?.step).toBe(20);
    expect(snapshots[0]?.points.map((p) => p.step)).toEqual([10, 15, 20]);
    expect(snapshots[0]?.layers).toEqual(layers);
  });

  it('keeps the order of snapshots and other events', () => {
    const { client, port, heard, frame } = start();
    const run = client.load(defaultExperiment, { backend: 'auto' });
    port().say({ type: 'snapshot', run, snapshot: snapshot(90) });
    port().say({ type: 'changed', run, step: 100, changes: [] });
    frame();
    expect(heard).toEqual(['snapshot 90', 'changed']);
  });

  it('forgets a waiting snapshot when a new run is loaded before the frame', () => {
    const { client, port, heard, frame } = start();
    const run = client.load(defaultExperiment, { backend: 'auto' });
    port().say({ type: 'snapshot', run, snapshot: snapshot(90) });
    client.load(defaultExperiment, { backend: 'auto' });
    frame();
    expect(heard).toEqual([]);
  });

  it('keeps the newest checkpoint of the present run only', () => {
    const { client, port } = start();
    const run = client.load(defaultExperiment, { backend: 'auto' });
    port().say({ type: 'checkpoint', run, checkpoint: { step: 50, tensors: {} } });
    port().say({ type: 'checkpoint', run: run - 1, checkpoint: { step: 999, tensors: {} } });
    expect(client.checkpoint?.step).toBe(50);
    client.load(defaultExperiment, { backend: 'auto' });
    expect(client.checkpoint).toBeNull();
  });

  it('starts a new worker when one dies, ignores the dead one and keeps the checkpoint', () => {
    const { client, ports, port, heard } = start();
    const run = client.load(defaultExperiment, { backend: 'auto' });
    port().say({ type: 'checkpoint', run, checkpoint: { step: 50, tensors: {} } });
    ports[0]?.die('out of memory');
    expect(heard).toEqual(['checkpoint', 'crashed: out of memory']);
    expect(ports).toHaveLength(2);
    expect(ports[0]?.terminated).toBe(true);
    expect(client.checkpoint?.step).toBe(50);
    ports[0]?.say({ type: 'paused', run, step: 60, reason: 'asked' });
    expect(heard).toHaveLength(2);
    client.load(defaultExperiment, { backend: 'auto', checkpoint: client.checkpoint! });
    expect(port().sent.at(-1)).toMatchObject({ type: 'load', checkpoint: { step: 50 } });
  });

  it('does not wait for a busy worker when another backend is asked for', () => {
    const { client, ports, port, heard } = start();
    client.load(defaultExperiment, { backend: 'cpu' });
    client.load(defaultExperiment, { backend: 'cpu' });
    expect(ports).toHaveLength(1);
    client.load(defaultExperiment, { backend: 'wasm' });
    expect(ports).toHaveLength(2);
    expect(ports[0]?.terminated).toBe(true);
    expect(port().sent).toMatchObject([{ type: 'load', backend: 'wasm' }]);
    expect(heard).toEqual([]);
  });

  it('gives up a worker that does not answer as if it had died', () => {
    const { client, ports, heard } = start();
    client.load(defaultExperiment, { backend: 'auto' });
    client.abandon('it was restarted');
    expect(heard).toEqual(['crashed: it was restarted']);
    expect(ports[0]?.terminated).toBe(true);
  });

  it('answers each request with its own answer, and with a failure if the worker dies meanwhile', async () => {
    const { client, port } = start();
    const first = client.open([]);
    const second = client.open([], { labelColumn: 3 });
    expect(port().sent).toMatchObject([{ request: 1 }, { request: 2, labelColumn: 3 }]);
    port().say({ type: 'columns', request: 2, name: 'a.csv', columns: ['x'], sample: [] });
    expect(await second).toMatchObject({ type: 'columns', name: 'a.csv' });
    port().die('gone');
    expect(await first).toMatchObject({ type: 'failed', failure: { kind: 'file' } });
  });

  it('passes on how far a download is, and cancels it', async () => {
    const { client, port } = start();
    const heard: number[] = [];
    const fetching = client.fetch('https://hub.test', { name: 'a/b' }, undefined, ({ done }) =>
      heard.push(done),
    );
    expect(port().sent.at(-1)).toEqual({
      type: 'fetch',
      request: 1,
      hub: 'https://hub.test',
      choice: { name: 'a/b' },
    });
    const progress = { unit: 'bytes', total: 9 } as const;
    port().say({ type: 'progress', request: 1, progress: { ...progress, done: 3 } });
    port().say({ type: 'progress', request: 7, progress: { ...progress, done: 4 } });
    client.cancelLoading();
    expect(port().sent.at(-1)).toEqual({ type: 'cancel', request: 1 });
    port().say({ type: 'cancelled', request: 1 });
    expect(await fetching).toEqual({ type: 'cancelled', request: 1 });
    expect(heard).toEqual([3]);
  });

  it('gives up a worker that does not stop reading', async () => {
    vi.useFakeTimers();
    try {
      const { client, heard, ports } = start();
      const opening = client.open([]);
      client.cancelLoading();
      vi.advanceTimersByTime(20_000);
      expect(heard).toEqual(['crashed: it did not stop reading when it was told to']);
      expect(ports).toHaveLength(2);
      expect(await opening).toMatchObject({ type: 'failed' });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('mergeSnapshots', () => {
  it('takes the newer values and keeps what only the older one carried', () => {
    const fields = { size: 1, extent: 1, pixels: {} };
    const merged = mergeSnapshots(snapshot(1, { fields }), snapshot(2, { running: false }));
    expect(merged).toMatchObject({ step: 2, running: false, fields });
  });
});
