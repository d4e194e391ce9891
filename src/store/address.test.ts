// @vitest-environment happy-dom
/** The address bar follows the experiment, but never writes over a link that was typed a moment ago. */
import { beforeEach, expect, it, vi } from 'vitest';
import { encodeLink } from '@/experiment/link';
import { defaultExperiment } from '@/experiment/presets';
import { dropWaiting, flushAddress, followAddress, sawAddress } from './address';

const other = { ...defaultExperiment, seed: 7 };
const own = (experiment = defaultExperiment) => `#${encodeLink(experiment)}`;

beforeEach(() => {
  vi.useFakeTimers();
  dropWaiting();
  history.replaceState(null, '', '#');
  sawAddress();
  return () => vi.useRealTimers();
});

it('is written half a second after the first of several changes, with the last', () => {
  followAddress(defaultExperiment);
  vi.advanceTimersByTime(400);
  followAddress(other);
  expect(location.hash).toBe('');
  vi.advanceTimersByTime(100);
  expect(location.hash).toBe(own(other));
});

it('leaves a link that was typed before a change was written, and follows again once that was heard', () => {
  followAddress(defaultExperiment);
  history.replaceState(null, '', '#typed');
  flushAddress();
  expect(location.hash).toBe('#typed');
  vi.runAllTimers();
  expect(location.hash).toBe('#typed');
  // The link could not be read: the experiment's own comes back.
  sawAddress();
  dropWaiting();
  followAddress(other);
  vi.runAllTimers();
  expect(location.hash).toBe(own(other));
});
