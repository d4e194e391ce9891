/** Reads a store at most every so many milliseconds: charts need not redraw with every snapshot. */
import { useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';

interface Store<S> {
  getState(): S;
  subscribe(listener: () => void): () => void;
}

/** What waits for its turn. */
const waiting = new Set<() => void>();

/** Everything that waits shows its newest value now, in one rendering: for pictures of what is on the page. */
export function showLatest(): void {
  flushSync(() => {
    for (const show of [...waiting]) show();
  });
}

/**
 * @param phase ms that a change waits at least: users of one store that wait differently redraw in different tasks
 * @returns the selected value, at most `interval` + `phase` ms old; without a phase the first change after a rest shows
 * at once
 */
export function useThrottled<S, T>(store: Store<S>, select: (state: S) => T, interval: number, phase = 0): T {
  const [value, setValue] = useState(() => select(store.getState()));
  const latest = useRef(select);
  useEffect(() => {
    latest.current = select;
  });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let shownAt = Number.NEGATIVE_INFINITY;
    const rest = () => {
      clearTimeout(timer);
      timer = undefined;
      waiting.delete(show);
    };
    const show = () => {
      rest();
      shownAt = performance.now();
      setValue(() => latest.current(store.getState()));
    };
    const notice = () => {
      timer ??= setTimeout(show, Math.max(phase, shownAt + interval - performance.now()));
      waiting.add(show);
    };
    show();
    const unsubscribe = store.subscribe(notice);
    return () => {
      unsubscribe();
      rest();
    };
  }, [store, interval, phase]);
  return value;
}
