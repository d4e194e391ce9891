// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { networkPresets } from '@/experiment/presets';
import { exampleExperiment } from '@/experiment/testing/example';
import type { WorkerPort } from '@/session/client';
import type { Command, CurvePoint, SessionEvent } from '@/session/protocol';
import * as editing from './editing';
import { connect } from './events';
import { settingsNow, useExperiment } from './experiment';
import { emptyLive, useLive } from './live';
import { useNotices } from './notices';
import { pin } from './runs/actions';
import { useRuns } from './runs/runs';
import * as session from './session';
import { begin, shownLayer } from './worker';
import { defaultPreferences, useWorkspace } from './workspace';

/** A worker that only keeps what it is sent; the test answers for it. */
class Port implements WorkerPort {
  readonly sent: Command[] = [];
  private readonly listeners = new Map<string, (event: Event) => void>();
  postMessage(command: Command) {
    this.sent.push(command);
  }
  terminate() {}
  addEventListener(type: string, listener: (event: Event) => void) {
    this.listeners.set(type, listener);
  }
  say(event: SessionEvent) {
    this.listeners.get('message')?.({ data: event } as MessageEvent);
  }
  die() {
    this.listeners.get('error')?.({ message: 'gone', preventDefault: () => undefined } as ErrorEvent);
  }
  last<T extends Command['type']>(type: T) {
    return this.sent.findLast((command): command is Extract<Command, { type: T }> => command.type === type);
  }
}

let ports: Port[];
const port = () => ports.at(-1)!;
const run = () => useLive.getState().run;
const point = (step: number): CurvePoint => {
  const score = { accuracy: 0.5, loss: 0.7 };
  return { step, float: score, qat: score, ptq: score };
};
/** The run has trained to this step, with one evaluation and a checkpoint there. */
function trainedTo(step: number) {
  port().say({
    type: 'snapshot',
    run: run(),
    snapshot: {
      step,
      stepsPerEpoch: 25,
      running: true,
      stepsPerSecond: 100,
      stepMs: { float: 1, qat: 1 },
      points: [point(step)],
    },
  });
  port().say({ type: 'checkpoint', run: run(), checkpoint: { step, tensors: {} } });
  port().say({ type: 'paused', run: run(), step, reason: 'asked' });
}
const shown = () => settingsNow(useExperiment.getState(), useLive.getState().step);
const secondBits = () => shown().layers.filter((spec) => 'weights' in spec)[1]?.weights.bits;
const toThree = { kind: 'bits', layer: 'dense2', site: 'weights', bits: 3 } as const;

beforeEach(() => {
  ports = [];
  useLive.setState(emptyLive, true);
  useNotices.setState({ notices: [] });
  useWorkspace.setState(defaultPreferences, true);
  useExperiment.setState({ experiment: exampleExperiment, pending: [], replaced: null });
  connect(
    () => {
      const next = new Port();
      ports.push(next);
      return next;
    },
    (callback) => callback(),
  );
  begin({ experiment: exampleExperiment, checkpoint: null, points: [] });
});

describe('the timeline', () => {
  const late = (until: number) => [{ kind: 'late', until }] as const;
  const plan = () => useExperiment.getState().experiment.plan;

  it('before the first step a plan is what the run begins with', () => {
    editing.changePlan([...late(500)], 'The plan has changed.');
    expect(plan()).toEqual(late(500));
    expect(port().last('load')?.experiment.plan).toEqual(late(500));
    expect(useExperiment.getState().replaced).toBeNull();
  });

  it('what is to come changes without a new start', () => {
    trainedTo(100);
    editing.changePlan([{ kind: 'observers', step: 200 }], 'The plan has changed.');
    expect(port().last('plan')).toMatchObject({ plan: [{ kind: 'observers', step: 200 }], changes: [] });
    expect(useLive.getState().step).toBe(100);
  });

  it('while it trains it waits for the step at which the worker stands, and trains on', () => {
    const empty = { count: 0, x: new Float32Array(), y: new Uint8Array() };
    port().say({
      type: 'ready',
      run: run(),
      step: 0,
      backend: { name: 'cpu', adapter: '', deterministic: true, unavailable: {} },
      preview: {
        test: empty,
        train: empty,
        shape: [2],
        classNames: [],
        balance: { train: [], validation: [], test: [] },
      },
    });
    session.train();
    editing.changePlan([{ kind: 'observers', step: 200 }], 'The plan has changed.');
    expect(plan()).toBeUndefined();
    expect(port().last('pause')).toBeDefined();
    trainedTo(100);
    expect(plan()).toHaveLength(1);
    expect(
      port()
        .sent.slice(-2)
        .map(({ type }) => type),
    ).toEqual(['plan', 'train']);
    expect(useLive.getState().state).toBe('training');
  });

  it('what has been trained starts over, and is one Undo away', () => {
    trainedTo(100);
    editing.changePlan([...late(50)], 'The plan has changed.');
    expect(useLive.getState().step).toBe(0);
    expect(useExperiment.getState().replaced).toMatchObject({ reason: 'The plan has changed.' });
    session.undo();
    expect(plan()).toBeUndefined();
    expect(useLive.getState().step).toBe(100);
  });

  it('a plan that cannot be is refused with a sentence, and nothing changes', () => {
    editing.changePlan([{ kind: 'hybrid', until: 500, train: 100 }], 'The plan has changed.');
    expect(plan()).toBeUndefined();
    expect(useNotices.getState().notices.at(-1)?.text).toBe(
      'The plan is not taken. Entry 1 trains before it calibrates.',
    );
  });
});

describe('edits', () => {
  it('show at once, go to the worker, and are recorded at the step it answers', () => {
    trainedTo(100);
    editing.edit([toThree]);
    expect(secondBits()).toBe(3);
    expect(port().last('edit')?.edits).toEqual([toThree]);
    expect(useExperiment.getState().experiment.changes).toEqual([]);
    port().say({ type: 'changed', run: run(), step: 104, changes: [toThree] });
    expect(useExperiment.getState().experiment.changes).toEqual([{ ...toThree, step: 104 }]);
    expect(secondBits()).toBe(3);
    expect(useLive.getState().step).toBe(104);
  });
  it('that change nothing are not sent', () => {
    editing.edit([{ ...toThree, bits: secondBits() ?? 8 }]);
    expect(port().last('edit')).toBeUndefined();
  });
});

describe('a new start', () => {
  it('keeps the trained run one Undo away, with its weights and curves', () => {
    trainedTo(100);
    session.restructure({ seed: 7 }, 'The seed has changed.');
    expect(useLive.getState()).toMatchObject({ step: 0, points: [], state: 'starting' });
    expect(port().last('load')).toMatchObject({ experiment: { seed: 7, changes: [] } });
    expect(port().last('load')).not.toHaveProperty('checkpoint');
    session.undo();
    expect(port().last('load')).toMatchObject({ experiment: { seed: 42 }, checkpoint: { step: 100 } });
    expect(useLive.getState()).toMatchObject({ step: 100, points: [point(100)] });
    expect(useExperiment.getState().replaced).toBeNull();
  });
  it('offers no Undo where nothing is lost', () => {
    session.restructure({ seed: 7 }, 'The seed has changed.');
    expect(useExperiment.getState().replaced).toBeNull();
  });
  it('keeps the older run when a second setting changes before training', () => {
    trainedTo(100);
    session.restructure({ seed: 7 }, 'The seed has changed.');
    session.restructure({ seed: 8 }, 'The seed has changed.');
    expect(useExperiment.getState().replaced).toMatchObject({ experiment: { seed: 42 } });
  });
  it('keeps the trained run when an experiment that has not trained is replaced as a whole', () => {
    trainedTo(100);
    session.restart({ ...exampleExperiment, seed: 7 }, 'The dataset is now Moons.', true);
    session.restart({ ...exampleExperiment, seed: 8 }, 'The dataset is now XOR.', true);
    expect(useExperiment.getState().replaced).toMatchObject({
      experiment: { seed: 42 },
      checkpoint: { step: 100 },
      reason: 'The dataset is now XOR.',
    });
  });
  it('goes out from the settings in force and drops recorded changes', () => {
    trainedTo(100);
    editing.edit([toThree]);
    port().say({ type: 'changed', run: run(), step: 100, changes: [toThree] });
    session.reset();
    expect(useExperiment.getState().experiment.changes).toEqual([]);
    expect(secondBits()).toBe(3);
  });
  it('drops events of the run before', () => {
    const before = run();
    session.restructure({ layers: networkPresets.smallMlp.layers }, 'The network has changed.');
    port().say({ type: 'changed', run: before, step: 50, changes: [toThree] });
    expect(useExperiment.getState().experiment.changes).toEqual([]);
  });
});

describe('replay', () => {
  it('makes the recorded changes again and pauses where the run was', () => {
    trainedTo(100);
    editing.edit([toThree]);
    port().say({ type: 'changed', run: run(), step: 100, changes: [toThree] });
    trainedTo(250);
    session.replay();
    expect(port().last('load')?.experiment.changes).toEqual([{ ...toThree, step: 100 }]);
    expect(port().last('stop')?.stop).toEqual({ steps: 250 });
    expect(useLive.getState().state).toBe('training');
    expect(secondBits()).not.toBe(3);
    port().say({ type: 'paused', run: run(), step: 250, reason: 'steps' });
    expect(port().last('stop')?.stop).toEqual({});
    expect(useExperiment.getState().experiment.stop).toEqual({});
    expect(secondBits()).toBe(3);
  });
});

describe('when something breaks', () => {
  it('a dead worker is replaced and training goes on from the last checkpoint', () => {
    trainedTo(100);
    session.train();
    port().die();
    expect(ports).toHaveLength(2);
    expect(port().last('load')).toMatchObject({ checkpoint: { step: 100 }, backend: 'auto' });
    expect(port().sent.at(-1)).toMatchObject({ type: 'train' });
    expect(useNotices.getState().notices[0]).toMatchObject({ tone: 'error' });
  });
  it('a worker that keeps dying moves to simpler backends and then stops', () => {
    trainedTo(100);
    session.train();
    for (let death = 0; death < 4; death++) port().die();
    expect(ports.slice(1).map((one) => one.last('load')?.backend)).toEqual([
      'auto',
      'wasm',
      'cpu',
      undefined,
    ]);
    expect(useLive.getState().state).toBe('paused');
  });
  it('a diverged run can go back to its last good checkpoint with a lower learning rate', () => {
    trainedTo(100);
    port().say({ type: 'changed', run: run(), step: 120, changes: [{ kind: 'learningRate', value: 9 }] });
    port().say({ type: 'diverged', run: run(), step: 130, layer: 'dense2', network: 'qat', rewindTo: 100 });
    expect(useLive.getState()).toMatchObject({ state: 'paused', divergence: { step: 130, layer: 'dense2' } });
    expect(editing.lowerLearningRate()).toBe(0.0004);
    editing.rewind(editing.lowerLearningRate());
    expect(port().last('load')).toMatchObject({ checkpoint: { step: 100 }, experiment: { changes: [] } });
    expect(port().last('edit')?.edits).toEqual([{ kind: 'learningRate', value: 0.0004 }]);
    expect(useLive.getState()).toMatchObject({ state: 'training', divergence: null });
  });
  it('weights that do not fit the network are said, and the experiment starts over', () => {
    const tensors = { 'qat/dense1/weights': new Float32Array(3) };
    begin({
      experiment: exampleExperiment,
      checkpoint: { step: 100, tensors },
      points: [point(100)],
    });
    port().say({ type: 'failed', failure: { kind: 'internal', message: 'They belong elsewhere.' } });
    expect(port().last('load')).not.toHaveProperty('checkpoint');
    expect(useLive.getState()).toMatchObject({ step: 0, points: [] });
    expect(useNotices.getState().notices).toMatchObject([{ text: 'They belong elsewhere.' }]);
  });
  it('Train tries again to load a run that could not be loaded', () => {
    const before = run();
    port().say({ type: 'failed', failure: { kind: 'backend', message: 'No backend started.' } });
    session.train();
    expect(port().last('load')?.run).toBeGreaterThan(before);
    expect(port().sent.at(-1)).toMatchObject({ type: 'train', run: run() });
  });
  it('a worker that stays silent is named, and can be restarted from the last checkpoint', () => {
    vi.useFakeTimers();
    try {
      trainedTo(100);
      session.train();
      port().say({ type: 'checkpoint', run: run(), checkpoint: { step: 120, tensors: {} } });
      vi.advanceTimersByTime(60_000);
      const [notice] = useNotices.getState().notices;
      expect(notice).toMatchObject({ key: 'silence', tone: 'error' });
      notice?.actions?.[0]?.run();
      expect(ports).toHaveLength(2);
      expect(port().last('load')).toMatchObject({ checkpoint: { step: 120 } });
      expect(useNotices.getState().notices.map(({ key }) => key)).toEqual(['crash']);
    } finally {
      vi.useRealTimers();
    }
  });
  it('a failure is said and pauses the run', () => {
    session.train();
    port().say({ type: 'failed', run: run(), failure: { kind: 'backend', message: 'No backend started.' } });
    expect(useLive.getState().state).toBe('paused');
    expect(useNotices.getState().notices).toMatchObject([{ tone: 'error', text: 'No backend started.' }]);
  });
});

describe('the selected layer', () => {
  it('is the chosen one where the network has it, else one with weights', () => {
    const { layers } = networkPresets.cnn;
    expect(shownLayer('conv2', layers)).toBe('conv2');
    expect(shownLayer('input', layers)).toBe('input');
    expect(shownLayer('dense9', layers)).toBe('conv2');
    expect(shownLayer('pool1', layers)).toBe('conv2');
  });
});

describe('a run that is pinned while its pause still judges the test set', () => {
  const seen = (step: number, accuracy: number) => {
    const score = { accuracy, loss: 0.7 };
    port().say({
      type: 'snapshot',
      run: run(),
      snapshot: {
        step,
        stepsPerEpoch: 25,
        running: true,
        stepsPerSecond: 100,
        stepMs: { float: 1, qat: 1 },
        points: [{ step, float: score, qat: score, ptq: score }],
      },
    });
  };
  const kept = () => useRuns.getState().runs.map(({ step, accuracy }) => [step, accuracy.qat]);
  beforeEach(() => {
    useRuns.setState({ runs: [] });
    session.train();
    seen(10, 0.3);
    session.pause();
    void pin();
    seen(12, 0.6);
    expect(kept()).toEqual([[10, 0.3]]);
  });

  it('has the numbers that the pause ends with', () => {
    seen(12, 0.9);
    port().say({ type: 'paused', run: run(), step: 12, reason: 'asked' });
    expect(kept()).toEqual([[12, 0.9]]);
    // What comes after it is another matter.
    seen(12, 0.1);
    expect(kept()).toEqual([[12, 0.9]]);
  });

  it('stays as it was where training goes on instead', () => {
    session.train();
    seen(20, 0.9);
    port().say({ type: 'paused', run: run(), step: 20, reason: 'asked' });
    expect(kept()).toEqual([[10, 0.3]]);
  });
});
