/** Timing against a clock made by hand. */
import { describe, expect, test } from 'vitest';
import { timePerCall } from './timing';

/** A clock that each call moves on, read in whole ticks. */
const machine = (msPerCall: number, tick: number) => {
  let now = 0;
  let calls = 0;
  return {
    call: () => {
      now += msPerCall;
      calls++;
    },
    clock: () => Math.floor(now / tick) * tick,
    calls: () => calls,
  };
};

describe('time for one call', () => {
  test.each([0.0003, 0.004, 0.7, 19, 300])('%d ms is found through a clock of 0.1 ms', async (ms) => {
    const { call, clock, calls } = machine(ms, 0.1);
    expect(Math.abs((await timePerCall(call, clock)) / ms - 1)).toBeLessThan(0.01);
    expect(calls() * ms).toBeLessThan(Math.max(400, 7 * ms));
  });

  test('one slow block does not move it', async () => {
    const { call, clock } = machine(25, 0.1);
    let late = 0;
    const called = (index: number) => {
      if (index === 3) late += 500;
      call();
    };
    expect(await timePerCall(called, () => clock() + late)).toBeCloseTo(25, 6);
  });

  test('calls are awaited and numbered', async () => {
    const { call, clock } = machine(30, 1);
    const seen: number[] = [];
    await timePerCall(async (index) => {
      await Promise.resolve();
      seen.push(index);
      call();
    }, clock);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
