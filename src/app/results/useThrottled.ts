/** Reads a store at most every so many milliseconds: charts need not redraw with every snapshot. */
import { useEffect, useRef, useState } from 'react';

interface Store<S> {
  getState(): S;
  subscribe(listener: () => void): () => void;
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
    const show = () => {
      timer = undefined;
      shownAt = performance.now();
      setValue(() => latest.current(store.getState()));
    };
    const notice = () => {
      timer ??= setTimeout(show, Math.max(phase, shownAt + interval - performance.now()));
    };
    show();
    const unsubscribe = store.subscribe(notice);
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [store, interval, phase]);
  return value;
}
