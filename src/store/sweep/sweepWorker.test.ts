import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defaultExperiment } from '@/experiment/presets';
import { Port, point, snapshot } from '@/session/testing/port';
import { type Outcome, SweepWorker } from './sweepWorker';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function start() {
  const ports: Port[] = [];
  const heard: string[] = [];
  const outcomes: Outcome[] = [];
  const worker = new SweepWorker(
    {
      ready: () => heard.push('ready'),
      stepped: (step) => heard.push(`step ${step}`),
      finished: (outcome) => outcomes.push(outcome),
      failed: (message) => heard.push(message),
    },
    () => {
      const port = new Port();
      ports.push(port);
      return port;
    },
  );
  const loads = () => ports.flatMap(({ sent }) => sent.filter((command) => command.type === 'load'));
  const run = () => loads().at(-1)!.run;
  return { worker, heard, outcomes, ports, port: () => ports.at(-1)!, loads, run };
}

it('gathers the evaluations of each run, and reports it when it stops by itself', () => {
  const { worker, heard, outcomes, port, run } = start();
  worker.load(defaultExperiment, undefined);
  port().say({ type: 'snapshot', run: run(), snapshot: snapshot(5, { points: [point(0), point(5)] }) });
  vi.advanceTimersByTime(100);
  port().say({ type: 'snapshot', run: run(), snapshot: snapshot(9, { points: [point(9)] }) });
  port().say({ type: 'paused', run: run(), step: 9, reason: 'asked' });
  vi.advanceTimersByTime(100);
  expect(outcomes).toEqual([]);
  port().say({ type: 'paused', run: run(), step: 9, reason: 'steps' });
  expect(heard).toEqual(['step 5', 'step 9']);
  expect(outcomes.map(({ points }) => points.map(({ step }) => step))).toEqual([[0, 5, 9]]);
  // The next run starts from nothing.
  worker.load(defaultExperiment, undefined);
  port().say({ type: 'paused', run: run(), step: 9, reason: 'accuracy' });
  expect(outcomes[1]!.points).toEqual([]);
});

it('tries a run again whose worker died, once', () => {
  const { worker, heard, ports, port, loads } = start();
  worker.load(defaultExperiment, undefined);
  port().die('out of memory');
  expect(loads()).toHaveLength(2);
  expect(heard).toEqual([]);
  port().die('out of memory');
  expect(loads()).toHaveLength(2);
  expect(heard).toEqual([expect.stringContaining('out of memory')]);
  // Of the next run a death is forgiven again.
  worker.load(defaultExperiment, undefined);
  port().die('out of memory');
  expect(loads()).toHaveLength(4);
  expect(heard).toHaveLength(1);
  worker.end();
  expect(ports.at(-1)!.terminated).toBe(true);
});

it('says in a sentence why a run failed', () => {
  const { worker, heard, port, run } = start();
  worker.load(defaultExperiment, undefined);
  port().say({ type: 'diverged', run: run(), step: 12, network: 'qat', layer: 'dense2', rewindTo: 0 });
  expect(heard).toEqual(['The loss is no longer finite at step 12, in dense2: lower the learning rate.']);
});
