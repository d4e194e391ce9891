import { expect, test } from 'vitest';
import { faster } from './faster';

/** Two ways that take as long as they are told to. */
function ways() {
  const ms = [2, 1];
  let clock = 0;
  const runs = [0, 0];
  const each = ms.map((_, i) => () => {
    clock += ms[i]!;
    runs[i]!++;
  });
  const take = faster(each, () => clock);
  return {
    ms,
    /** How often each way was taken in so many runs. */
    taken(times: number): number[] {
      runs.fill(0);
      for (let i = 0; i < times; i++) take();
      return [...runs];
    },
  };
}

test('takes the faster way once it has compared them, each as often', () => {
  const { taken } = ways();
  const [first = 0, second = 0] = taken(23);
  expect([first, second]).toEqual([5 + 9, 9]);
  expect(taken(200)).toEqual([0, 200]);
});

test('compares again from time to time, and changes its mind', () => {
  const { ms, taken } = ways();
  taken(23);
  ms.reverse();
  expect(taken(200)).toEqual([0, 200]);
  expect(taken(18)).toEqual([9, 9]);
  expect(taken(200)).toEqual([200, 0]);
});

test('keeps to its way where the difference is small', () => {
  const { ms, taken } = ways();
  ms[0] = 1;
  ms[1] = 0.99;
  taken(23);
  expect(taken(200)).toEqual([200, 0]);
});
