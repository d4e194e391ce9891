/** Axes: sensible limits that do not jump. */
import { describe, expect, it } from 'vitest';
import { accuracyFloor, accuracyTicks, lossCeiling, settled, spread, stepTicks } from './axis';

describe('accuracyFloor', () => {
  it('lies below chance before anything is measured', () => {
    expect(accuracyFloor(Number.POSITIVE_INFINITY, 1 / 2)).toBe(0.4);
    expect(accuracyFloor(Number.POSITIVE_INFINITY, 1 / 3)).toBe(0.2);
    expect(accuracyFloor(Number.POSITIVE_INFINITY, 1 / 10)).toBe(0);
  });
  it('rises as far as leaves the lowest value in view', () => {
    expect(accuracyFloor(0.5, 0.5)).toBe(0.4);
    expect(accuracyFloor(0.41, 0.5)).toBe(0.2);
    expect(accuracyFloor(0, 0.5)).toBe(0);
    expect(accuracyFloor(0.93, 0.1)).toBe(0.9);
    expect(accuracyFloor(0.975, 0.1)).toBe(0.95);
    expect(accuracyFloor(1, 0.1)).toBe(0.95);
  });
  it('has round ticks up to 100 %', () => {
    expect(accuracyTicks(0.4)).toEqual([0.4, 0.6, 0.8, 1]);
    expect(accuracyTicks(0.9)).toEqual([0.9, 0.92, 0.94, 0.96, 0.98, 1]);
    expect(accuracyTicks(0)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });
});

describe('settled', () => {
  it('leaves out the start and the first tenth', () => {
    const rows = [0, 5, 10, 50, 60, 70, 80, 100].map((step) => ({ step }));
    expect(settled(rows)).toEqual(rows.slice(2));
    expect(settled([{ step: 0 }])).toEqual([]);
  });
  it('are all rows while there are few: a first rise is seen from its foot', () => {
    const rows = [0, 80, 125].map((step) => ({ step }));
    expect(settled(rows)).toEqual(rows);
  });
});

describe('lossCeiling', () => {
  it('is a round number above the largest loss', () => {
    expect(lossCeiling(0.69, Math.log(2))).toBe(1);
    expect(lossCeiling(2.3, Math.log(10))).toBe(4);
  });
  it('does not follow an outlier', () => {
    expect(lossCeiling(300, Math.log(2))).toBe(4);
  });
});

describe('stepTicks', () => {
  it('are round and few', () => {
    expect(stepTicks(6000, 4)).toEqual([0, 2000, 4000, 6000]);
    expect(stepTicks(5999, 4)).toEqual([0, 2000, 4000]);
    expect(stepTicks(100, 4)).toEqual([0, 50, 100]);
    expect(stepTicks(7, 4)).toEqual([0, 2, 4, 6]);
  });
  it('are whole steps even right after the start', () => {
    expect(stepTicks(1, 4)).toEqual([0, 1]);
    expect(stepTicks(2, 4)).toEqual([0, 1, 2]);
    expect(stepTicks(0, 4)).toEqual([0]);
  });
});

describe('spread', () => {
  it('leaves labels alone that do not overlap', () => {
    expect(spread([10, 50, 90], 12, 0, 100)).toEqual([10, 50, 90]);
  });
  it('parts labels in the same place around it, in their order', () => {
    expect(spread([50, 50], 12, 0, 100)).toEqual([44, 56]);
    expect(spread([52, 50], 12, 0, 100)).toEqual([57, 45]);
  });
  it('stays within the edges', () => {
    expect(spread([1, 0, 2], 12, 0, 100)).toEqual([12, 0, 24]);
    expect(spread([99, 100], 12, 0, 100)).toEqual([88, 100]);
  });
});
