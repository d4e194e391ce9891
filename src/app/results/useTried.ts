/** What the networks make of an example that the person gives: asked for while a component shows it. */
import { useEffect } from 'react';
import type { Attempt } from '@/session/protocol';
import { useLive } from '@/store/live';
import { tryOut } from '@/store/session';
import { useThrottled } from './useThrottled';

/** Answers are drawn at most ten times a second. */
const interval = 100;

/** @param attempt memoised: another object asks anew; null asks for nothing */
export function useTried(attempt: Attempt | null) {
  useEffect(() => tryOut(attempt), [attempt]);
  useEffect(() => () => tryOut(null), []);
  return useThrottled(useLive, (live) => live.tried, interval);
}
