/** The axes of the robustness charts: one accuracy axis for all of them. */

/** Lower end of the accuracy axis: the tenth below the lowest value. */
export const accuracyFrom = (accuracies: readonly number[]): number =>
  Math.max(0, Math.min(0.9, Math.floor(10 * Math.min(1, ...accuracies) - 1e-9) / 10));

/** A level as the axis writes it. A share is written in percent. */
export const levelText =
  (unit: string) =>
  (level: number): string => {
    const value = unit === '%' ? 100 * level : level;
    const text = String(Number(value.toFixed(3)));
    return unit === '' || value === 0 ? text : unit === '°' ? `${text}°` : `${text} ${unit}`;
  };
