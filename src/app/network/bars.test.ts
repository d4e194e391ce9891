import { expect, it } from 'vitest';
import { bars } from './bars';

const histogram = (counts: number[], min = -1, max = 1) => ({ min, max, counts });
const drawn = (path: string) => path.split('M').length - 1;

it('draws negative and positive weights apart and nothing for an empty bin', () => {
  const paths = bars(histogram([1, 2, 0, 4]), 0, 100, 40);
  expect([drawn(paths.negSoft), drawn(paths.posSoft), drawn(paths.neg), drawn(paths.pos)]).toEqual([
    2, 1, 0, 0,
  ]);
});

it('gives the outermost bins full colour up to the clipped share', () => {
  const paths = bars(histogram([5, 40, 50, 5]), 0.1, 100, 40);
  expect([drawn(paths.neg), drawn(paths.pos), drawn(paths.negSoft), drawn(paths.posSoft)]).toEqual([
    1, 1, 1, 1,
  ]);
});

it('keeps zero in the middle where the weights lean to one side', () => {
  const paths = bars(histogram([1], 0, 2), 0, 100, 40);
  expect(paths.posSoft.startsWith('M50.0 ')).toBe(true);
});
