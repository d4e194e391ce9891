import { expect, it } from 'vitest';
import { curvesAsCsv } from './exports';

it('writes curves as a table with an empty cell where PTQ had no score yet', () => {
  const score = (accuracy: number, loss: number) => ({ accuracy, loss });
  const csv = curvesAsCsv([
    { step: 0, float: score(0.5, 0.7), qat: score(0.51, 0.71), ptq: null },
    { step: 10, float: score(0.9, 0.1), qat: score(0.8, 0.2), ptq: score(0.6, Number.NaN) },
  ]);
  expect(csv).toBe(
    'step,float_accuracy,float_loss,ptq_accuracy,ptq_loss,qat_accuracy,qat_loss\n0,0.5,0.7,,,0.51,0.71\n10,0.9,0.1,0.6,NaN,0.8,0.2\n',
  );
});
