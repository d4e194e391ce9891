/** What the lowering of a layer's kind is. */
import type { ResolvedLayer } from '@/experiment/network';
import type { Lowering } from './context';

export type Resolved<S> = ResolvedLayer & { spec: S };

/**
 * Adds a layer's operations to the program.
 * @param input index of the value that comes in
 * @param skipped index of the earlier value that a residual sum adds
 * @returns index of the value that goes on
 */
export type LayerLowering<S> = (
  to: Lowering,
  layer: Resolved<S>,
  input: number,
  skipped: number | undefined,
) => number;
