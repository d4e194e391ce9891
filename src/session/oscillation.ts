/** What the page is told of oscillating weights: how many there are now, and which levels weights changed between. */
import { rows } from '@/kernels/oscillation';
import type { SeenGrid } from './grid';
import type { Oscillation } from './protocol';

/** The frequency above which a weight oscillates: it turns back in more than one step of 200. */
export const oscillates = 0.005;

/** Remembers what it saw of a run's weights, to say what has changed since. */
export class OscillationWatch {
  /** The counts of changes at the last look, by place. */
  private readonly seen = new Map<string, Float32Array>();

  /**
   * @param place "<layer>/<site>"
   * @param state [6, n]: src/kernels/oscillation/constants.ts
   */
  look(place: string, state: Float32Array, grid: SeenGrid): Oscillation {
    const n = state.length / Object.keys(rows).length;
    const row = (index: number) => state.subarray(index * n, (index + 1) * n);
    const [level, direction, frequency, pinned, changes] = (
      ['level', 'direction', 'frequency', 'pinned', 'changes'] as const
    ).map((name) => row(rows[name])) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const before = this.seen.get(place);
    this.seen.set(place, changes.slice());
    const flips = new Array<number>(Math.max(0, grid.levels - 1)).fill(0);
    let oscillating = 0;
    let frozen = 0;
    for (let i = 0; i < n; i++) {
      if (!Number.isNaN(pinned[i]!)) frozen++;
      else if (frequency[i]! > oscillates) oscillating++;
      // Counts begin at 0 again where a grid is another.
      const since = before?.length === n && before[i]! <= changes[i]! ? before[i]! : 0;
      if (changes[i] === since) continue;
      const gap = grid.indexOf(level[i]!) - (direction[i]! > 0 ? 1 : 0);
      if (gap >= 0 && gap < flips.length) flips[gap]!++;
    }
    return {
      share: oscillating / n,
      frozen: frozen / n,
      flips: flips.map((count) => (before ? count / n : 0)),
    };
  }
}
