import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Backend } from '@/backend/start';
import type { BackendName } from '@/catalog/backends';
import { generate as makeDataset } from '@/data/generate';
import { experimentFor } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import type { Command, SessionEvent } from './protocol';
import { Session } from './session';

type Event<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>;

const experiment = experimentFor(
  { kind: 'gaussians', samples: 120, noise: 0.2, testShare: 0.5, validationShare: 0 },
  1,
);

/** A session on the real engine, its events, and waiting for one of them. */
class Rig {
  readonly events: SessionEvent[] = [];
  readonly session: Session;
  /** Each takes an event and says whether it was the one waited for. */
  private waiting: ((event: SessionEvent) => boolean)[] = [];
  loseDevice: (reason: string) => void = () => {};

  /** @param pass ms on the clock between two bursts; undefined leaves the clock alone */
  constructor(
    private readonly name: BackendName = 'cpu',
    pass?: number,
  ) {
    let now = 0;
    // Every look at the clock takes a few ms, so that a burst ends.
    if (pass !== undefined) vi.spyOn(performance, 'now').mockImplementation(() => (now += 10));
    this.session = new Session({
      post: (event) => {
        this.events.push(event);
        this.waiting = this.waiting.filter((take) => !take(event));
      },
      startBackend: (_choice, except) => this.start(except),
      makeDataset: ({ dataset, seed }) => {
        if (dataset.kind === 'own') throw new Error('generated data only');
        return makeDataset(dataset, seed);
      },
      breathe: () => {
        now += pass ?? 0;
        return new Promise((resolve) => setImmediate(resolve));
      },
    });
    void this.session.loop();
  }

  /** The cpu backend, under the name that the test wants it to have. */
  private async start(except: readonly BackendName[]): Promise<Backend> {
    await startBackend('cpu');
    const name = except.includes(this.name) ? 'cpu' : this.name;
    const lost = new Promise<string>((resolve) => {
      this.loseDevice = resolve;
    });
    return {
      status: { name, adapter: 'test', deterministic: true, unavailable: {} },
      synchronous: name !== 'webgpu',
      lost,
    };
  }

  send(command: Exclude<Command, { request: number }>): void {
    this.session.receive(command);
  }

  load(run: number, changes: Partial<Experiment> = {}, rest: object = {}): void {
    this.send({ type: 'load', run, experiment: { ...experiment, ...changes }, backend: 'auto', ...rest });
  }

  /** The next event of a kind from now on. */
  next<T extends SessionEvent['type']>(
    type: T,
    wanted: (event: Event<T>) => boolean = () => true,
  ): Promise<Event<T>> {
    return new Promise((resolve) => {
      this.waiting.push((event) => {
        if (event.type !== type || !wanted(event as Event<T>)) return false;
        resolve(event as Event<T>);
        return true;
      });
    });
  }

  of<T extends SessionEvent['type']>(type: T): Event<T>[] {
    return this.events.filter((event): event is Event<T> => event.type === type);
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => {
  vi.restoreAllMocks();
});

test('a load answers ready and a first snapshot at step 0, without PTQ', async () => {
  const snapshot = rig.next('snapshot');
  rig.load(1);
  const { step, running, points, layers } = (await snapshot).snapshot;
  expect({ step, running }).toEqual({ step: 0, running: false });
  expect(points).toHaveLength(1);
  expect(points[0]!.ptq).toBeNull();
  expect(layers!.map((layer) => layer.name)).toEqual(['input', 'dense1', 'dense2', 'dense3']);
  const [ready] = rig.of('ready');
  expect(ready).toMatchObject({ run: 1, step: 0 });
  expect(ready!.preview.test.count).toBe(60);
});

test('Step takes one step and pauses with scores of all three', async () => {
  rig.load(1);
  const paused = rig.next('paused');
  rig.send({ type: 'step', run: 1 });
  expect(await paused).toMatchObject({ step: 1, reason: 'asked' });
  const point = rig.of('snapshot').at(-1)!.snapshot.points.at(-1)!;
  expect(point.step).toBe(1);
  expect(point.ptq).not.toBeNull();
});

test('training stops at exactly the step asked for, and goes on from there', async () => {
  rig.load(1, { stop: { steps: 37 } });
  let paused = rig.next('paused');
  rig.send({ type: 'train', run: 1 });
  expect(await paused).toMatchObject({ step: 37, reason: 'steps' });
  const further = rig.next('snapshot', ({ snapshot }) => snapshot.step > 37);
  rig.send({ type: 'train', run: 1 });
  await further;
  paused = rig.next('paused');
  rig.send({ type: 'pause', run: 1 });
  expect((await paused).step).toBeGreaterThan(37);
});

test('training stops at the accuracy asked for', async () => {
  rig.load(1, { stop: { accuracy: 0.9 } });
  const paused = rig.next('paused');
  rig.send({ type: 'train', run: 1 });
  expect((await paused).reason).toBe('accuracy');
  expect(rig.of('snapshot').at(-1)!.snapshot.points.at(-1)!.qat.accuracy).toBeGreaterThanOrEqual(0.9);
});

test('an edit is answered with the step that it took effect at', async () => {
  rig.load(1, { stop: { steps: 3 } });
  const paused = rig.next('paused');
  rig.send({ type: 'train', run: 1 });
  await paused;
  const changed = rig.next('changed');
  const edit = { kind: 'bits', layer: 'dense2', site: 'weights', bits: 2 } as const;
  rig.send({ type: 'edit', run: 1, edits: [edit] });
  expect(await changed).toEqual({ type: 'changed', run: 1, step: 3, changes: [edit] });
});

test('commands for a run that was left are ignored', async () => {
  rig.load(1);
  rig.load(2);
  rig.send({ type: 'step', run: 1 });
  const paused = rig.next('paused');
  rig.send({ type: 'step', run: 2 });
  expect(await paused).toMatchObject({ run: 2, step: 1 });
  expect(rig.of('paused').filter((event) => event.run === 1)).toEqual([]);
});

// Overlapping classes keep the gradient alive, and without ReLU no unit can die: nothing stops the growth.
const growing: Partial<Experiment> = {
  dataset: { kind: 'moons', samples: 120, noise: 1, testShare: 0.5, validationShare: 0 },
  layers: experiment.layers.map((spec) =>
    spec.kind === 'dense' ? { ...spec, activation: 'linear' as const } : spec,
  ),
};

test('a loss that is not finite pauses, naming step, network and layer, before any weight is spoilt', async () => {
  rig.load(1, { ...growing, optimizer: { kind: 'sgd', learningRate: 10, momentum: 0.999 } });
  const diverged = rig.next('diverged');
  rig.send({ type: 'train', run: 1 });
  const { step, network, layer } = await diverged;
  expect(step).toBeGreaterThan(0);
  expect(['float', 'qat']).toContain(network);
  expect(layer).toMatch(/^dense[1-3]$/);
});

test('a rewind goes to before the change that led to NaN, though later weights were saved too', async () => {
  // So slow a machine that a checkpoint is due after every burst of a few steps.
  rig = new Rig('cpu', 10_000);
  rig.load(1, {
    ...growing,
    stop: { steps: 20 },
    optimizer: { kind: 'sgd', learningRate: 1e-3, momentum: 0.999 },
  });
  const paused = rig.next('paused');
  rig.send({ type: 'train', run: 1 });
  await paused;
  const diverged = rig.next('diverged');
  rig.send({ type: 'edit', run: 1, edits: [{ kind: 'learningRate', value: 10 }] });
  rig.send({ type: 'train', run: 1 });
  const { step, rewindTo } = await diverged;
  const saved = rig.of('checkpoint').map(({ checkpoint }) => checkpoint.step);
  expect(saved.some((at) => at > 20 && at < step)).toBe(true);
  expect(rewindTo).toBe(20);
  // The page goes on from the checkpoint that it got last.
  expect(saved.at(-1)).toBe(20);
});

test('when the device is lost the run goes on from its checkpoint on the next backend', async () => {
  rig = new Rig('webgpu');
  rig.load(1);
  const saved = rig.next('checkpoint');
  rig.send({ type: 'train', run: 1 });
  const { checkpoint } = await saved;
  const moved = rig.next('moved');
  rig.loseDevice('the driver was updated');
  const { from, to, reason, step } = await moved;
  expect({ from, to, reason }).toEqual({ from: 'webgpu', to: 'cpu', reason: 'the driver was updated' });
  expect(step).toBeGreaterThanOrEqual(checkpoint.step);
  await rig.next('snapshot', ({ snapshot }) => snapshot.step > step && snapshot.running);
  const paused = rig.next('paused');
  rig.send({ type: 'pause', run: 1 });
  await paused;
});

test('an error in a load is told, and the next load works', async () => {
  const failed = rig.next('failed');
  rig.load(1, {}, { checkpoint: { step: 5, tensors: {} } });
  expect((await failed).failure.message).toContain('another network');
  const ready = rig.next('ready');
  rig.load(2);
  await ready;
});

test('runs that were left before their turn came are not begun', async () => {
  const ready = rig.next('ready', ({ run }) => run === 4);
  for (const run of [1, 2, 3, 4]) rig.load(run);
  await ready;
  expect(rig.of('ready').map(({ run }) => run)).toEqual([4]);
});
