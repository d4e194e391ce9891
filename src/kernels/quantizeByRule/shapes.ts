/** How many scales follow from learned parameters: [1, C] holds the steps of C channels, [k] those of one tensor. */
export const channelsOf = (learned: readonly number[]): number => (learned.length === 2 ? learned[1]! : 1);
