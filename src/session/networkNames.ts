/** The three that are shown side by side: the float twin, its rounding, and the network that trains rounded. */
export const networks = ['float', 'ptq', 'qat'] as const;
export type NetworkName = (typeof networks)[number];
