import { expect, it } from 'vitest';
import { balance } from './Loaded';

it('counts the share of each class, an empty one included', () => {
  expect(balance(Uint8Array.of(0, 2, 2, 2), 3)).toEqual([0.25, 0, 0.75]);
  expect(balance(new Uint8Array(), 2)).toEqual([0, 0]);
});
