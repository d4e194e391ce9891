/** Where a value stands on a slider: wide ranges are logarithmic and stop at round numbers. */

export interface ScaledField {
  min: number;
  max: number;
  integer: boolean;
  powersOfTwo?: boolean;
}

const isWide = ({ min, max, integer }: ScaledField) => integer && min > 0 && max / min > 20;
const wideSteps = 60;

/** Index of the last position; the first is 0. */
export function positions(field: ScaledField): number {
  if (field.powersOfTwo) return Math.floor(Math.log2(field.max)) - Math.ceil(Math.log2(field.min));
  if (isWide(field)) return wideSteps;
  return field.integer ? field.max - field.min : Math.round((field.max - field.min) * 100);
}

const clamp = (value: number, { min, max }: ScaledField) => Math.min(max, Math.max(min, value));

/** The value at a position, round where the slider is coarse. */
export function fromPosition(position: number, field: ScaledField): number {
  const { min, max, integer } = field;
  if (field.powersOfTwo) return clamp(2 ** (Math.ceil(Math.log2(min)) + position), field);
  if (isWide(field)) {
    const exact = min * (max / min) ** (position / wideSteps);
    return clamp(Number(exact.toPrecision(2)), field);
  }
  return integer ? min + position : Number((min + position / 100).toFixed(4));
}

/** The nearest position of a value. */
export function toPosition(value: number, field: ScaledField): number {
  const { min, max, integer } = field;
  if (field.powersOfTwo) return Math.round(Math.log2(clamp(value, field))) - Math.ceil(Math.log2(min));
  if (isWide(field)) return Math.round((wideSteps * Math.log(value / min)) / Math.log(max / min));
  return Math.round((value - min) * (integer ? 1 : 100));
}
