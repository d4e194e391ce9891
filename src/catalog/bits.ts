/** Bit-widths: what an experiment may ask for, and what the page offers. 32 means float. */
import { z } from 'zod';

export const bitWidths = [32, 8, 7, 6, 5, 4, 3, 2, 1] as const;
export type Bits = (typeof bitWidths)[number];

/** The widths on the desk, in the order drawn. */
export const deskBits = [32, 8, 6, 5, 4, 3, 2, 1] as const satisfies readonly Bits[];

export const bitsSchema = z.literal(bitWidths);
