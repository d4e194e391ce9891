/** The step at which the shown accuracy was reached first. */
import { expect, test } from 'vitest';
import type { CurvePoint } from '@/session/protocol';
import { stepReaching } from './reached';

const point = (step: number, float: number, qat: number): CurvePoint => ({
  step,
  float: { accuracy: float, loss: 1 },
  qat: { accuracy: qat, loss: 1 },
  ptq: null,
});

test('is that of the first evaluation as accurate as the last', () => {
  const points = [point(0, 0.1, 0.1), point(10, 0.8, 0.5), point(20, 0.9, 0.7), point(30, 0.8, 0.9)];
  expect(stepReaching(points, 'float')).toBe(10);
  expect(stepReaching(points, 'qat')).toBe(30);
});

test('there is none before the first step, nor where training has not passed the start', () => {
  expect(stepReaching([], 'qat')).toBeUndefined();
  expect(stepReaching([point(0, 0.5, 0.5)], 'float')).toBeUndefined();
  expect(stepReaching([point(0, 0.5, 0.5), point(10, 0.5, 0.4)], 'float')).toBeUndefined();
});
