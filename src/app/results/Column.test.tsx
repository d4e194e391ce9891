// @vitest-environment happy-dom
/** What the result region says in words: accuracies, differences, sizes. */
import { MantineProvider } from '@mantine/core';
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { modelSize } from '@/experiment/size';
import { exampleExperiment } from '@/experiment/testing/example';
import { useExperiment } from '@/store/experiment';
import { emptyLive, useLive } from '@/store/live';
import { bytes } from '../format';
import { Column } from './Column';
import { Size } from './Size';

let root: Root;
let page: HTMLElement;
const status = (name: string) => page.querySelector(`[role=status][aria-label="${name}"]`)?.textContent;

beforeEach(async () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  useLive.setState(emptyLive, true);
  useExperiment.setState({ experiment: exampleExperiment, pending: [] });
  page = document.createElement('div');
  root = createRoot(page);
  await act(async () =>
    root.render(
      <MantineProvider>
        <Column network="float" />
        <Column network="ptq" />
        <Column network="qat" />
        <Size />
      </MantineProvider>,
    ),
  );
});
afterEach(async () => {
  await act(async () => root.unmount());
  vi.unstubAllGlobals();
});

it('shows a dash for PTQ until there is something trained to round', async () => {
  const score = { accuracy: 0.5, loss: 0.69 };
  await act(async () => useLive.setState({ points: [{ step: 0, float: score, qat: score, ptq: null }] }));
  expect(status('Float accuracy')).toBe('50.0 %');
  expect(status('PTQ accuracy')).toBe('–');
  expect(page.textContent).toContain('after the first steps');
});

it('starts each status with its number and compares with float in points', async () => {
  const point = {
    step: 10,
    float: { accuracy: 0.991, loss: 0.02 },
    ptq: { accuracy: 0.656, loss: 2.5 },
    qat: { accuracy: 0.973, loss: 0.08 },
  };
  await act(async () => useLive.setState({ points: [point] }));
  expect(status('QAT accuracy')).toBe('97.3 %');
  expect(page.textContent).toContain('−33.5 pt');
  expect(page.textContent).toContain('−1.8 pt');
  expect(page.textContent).toContain('0.080 nats');
});

it('moves the model size as soon as bits are toggled, before the worker has answered', async () => {
  const before = modelSize(exampleExperiment);
  expect(status('Model size')).toBe(bytes(before.total));
  await act(async () =>
    useExperiment.setState({ pending: [{ kind: 'bits', layer: 'dense2', site: 'weights', bits: 8 }] }),
  );
  // dense2 has 32 x 32 weights of 2 bits at the start; at 8 bits they take 768 bytes more.
  const dense2 = before.layers[1]!;
  expect(status('Model size')).toBe(bytes(before.total - dense2.weights + 1024));
  expect(status('Model size')).not.toBe(bytes(before.total));
});
