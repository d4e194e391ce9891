/** Light between the levels that weights have just changed between: it rises and fades slowly, and never blinks. */
import { useEffect, useState } from 'react';
import type { SiteDetail } from '@/session/protocol';
import type { Level } from './grid';
import styles from './LevelHistogram.module.css';

/** How long the light stays without news. */
const lastingMs = 900;

/** True for a while after every new value. */
function useBriefly(value: unknown): boolean {
  const [lit, setLit] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new value is the signal
  useEffect(() => {
    setLit(true);
    const timer = setTimeout(() => setLit(false), lastingMs);
    return () => clearTimeout(timer);
  }, [value]);
  return lit;
}

/** The opacity for a share of the weights: seen from the first one, never glaring. */
const brightness = (share: number): number => (share > 0 ? Math.min(0.7, 0.06 + 12 * share) : 0);
/** Width of a light, as a share of the way from one level to the next. */
const lightWidth = 0.5;

interface Props {
  detail: SiteDetail;
  grid: readonly Level[];
  toX: (value: number) => number;
  top: number;
  base: number;
}

export function Flips({ detail, grid, toX, top, base }: Props) {
  const lit = useBriefly(detail);
  const flips = detail.oscillation?.flips ?? [];
  if (flips.length !== grid.length - 1) return null;
  return (
    <g data-b={detail.bits} className={styles.flips}>
      {flips.map((share, index) => {
        const [from, to] = [toX(grid[index]!.value), toX(grid[index + 1]!.value)];
        const width = Math.max(0, to - from) * lightWidth;
        return (
          <rect
            key={grid[index]!.q}
            data-flips={share > 0 || undefined}
            x={(from + to - width) / 2}
            y={top}
            width={width}
            height={base - top}
            style={{ opacity: lit ? brightness(share) : 0 }}
          />
        );
      })}
    </g>
  );
}
