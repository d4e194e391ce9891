// @vitest-environment happy-dom
/** The throttled selector shows the first change at once and the last one always. */
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { create } from 'zustand';
import { showLatest, useThrottled } from './useThrottled';

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const store = create(() => ({ value: 0 }));
const shown: number[] = [];
function Probe() {
  shown.push(useThrottled(store, (state) => state.value, 250));
  return null;
}

it('shows at most one value per interval, and the newest in the end', async () => {
  const root = createRoot(document.createElement('div'));
  await act(async () => root.render(<Probe />));
  await act(async () => vi.advanceTimersByTime(1000));
  for (let value = 1; value <= 100; value++) {
    await act(async () => {
      store.setState({ value });
      vi.advanceTimersByTime(10);
    });
  }
  await act(async () => vi.advanceTimersByTime(250));
  expect(shown.at(-1)).toBe(100);
  expect(shown).toContain(1);
  // 1,000 ms of changes, one at the start and one at the end.
  expect(new Set(shown).size).toBeLessThanOrEqual(7);
  await act(async () => root.unmount());
});

it('shows what waits when it is asked to, and not again', async () => {
  const root = createRoot(document.createElement('div'));
  await act(async () => root.render(<Probe />));
  await act(async () => vi.advanceTimersByTime(1000));
  await act(async () => store.setState({ value: -1 }));
  expect(shown.at(-1)).not.toBe(-1);
  await act(async () => showLatest());
  expect(shown.at(-1)).toBe(-1);
  const before = shown.length;
  await act(async () => vi.advanceTimersByTime(1000));
  await act(async () => showLatest());
  expect(shown.length).toBe(before);
  await act(async () => store.setState({ value: -2 }));
  await act(async () => root.unmount());
  expect(showLatest).not.toThrow();
});
