import { describe, expect, it } from 'vitest';
import { fromPosition, positions, type ScaledField, toPosition } from './scale';

const fields: Record<string, ScaledField> = {
  samples: { min: 40, max: 20_000, integer: true },
  noise: { min: 0, max: 1, integer: false },
  share: { min: 0.1, max: 0.9, integer: false },
  batch: { min: 1, max: 1024, integer: true, powersOfTwo: true },
};

describe('slider positions', () => {
  it.each(Object.entries(fields))('%s reaches both ends and never leaves the limits', (_, field) => {
    const last = positions(field);
    expect(fromPosition(0, field)).toBe(field.min);
    expect(fromPosition(last, field)).toBe(field.max);
    let before = Number.NEGATIVE_INFINITY;
    for (let position = 0; position <= last; position++) {
      const value = fromPosition(position, field);
      expect(value).toBeGreaterThanOrEqual(before);
      before = value;
    }
  });
  it('finds a value at the position that gives it', () => {
    expect(fromPosition(toPosition(0.04, fields.noise!), fields.noise!)).toBe(0.04);
    expect(fromPosition(toPosition(0.5, fields.share!), fields.share!)).toBe(0.5);
    expect(fromPosition(toPosition(32, fields.batch!), fields.batch!)).toBe(32);
  });
  it('stops at round numbers where the range is wide', () => {
    expect(fromPosition(31, fields.samples!) % 10).toBe(0);
  });
});
