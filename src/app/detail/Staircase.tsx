/** Rounded value against latent value, and the straight-through gradient: 1 where values pass, 0 where they are clipped. */
import { useElementSize } from '@mantine/hooks';
import { memo } from 'react';
import type { SiteDetail } from '@/session/protocol';
import { help } from '../Term';
import { isFloat, levels, passRange, staircase } from './grid';
import styles from './Staircase.module.css';

const top = 14;
const bottom = 16;
const inset = { height: 38, share: 0.46 };

interface Props {
  title: string;
  detail: SiteDetail;
  side: 'weights' | 'activations';
}

/** What both axes span: the grid with a fifth more on each side, or the values in float. */
function reach(detail: SiteDetail): { low: number; high: number } {
  const grid = levels(detail);
  const range = passRange(detail);
  const low = isFloat(detail) ? detail.histogram.min : Math.min(grid[0]!.value, range.low);
  const high = isFloat(detail) ? detail.histogram.max : Math.max(grid.at(-1)!.value, range.high);
  const air = 0.2 * (high - low || 1);
  return { low: low - air, high: high + air };
}

export const Staircase = memo(function Staircase({ title, detail, side }: Props) {
  const { ref, width, height } = useElementSize<HTMLDivElement>();
  const { low, high } = reach(detail);
  const share = (value: number) => Math.max(0, Math.min(1, (value - low) / (high - low)));
  const x = (value: number) => share(value) * width;
  const y = (value: number) => top + (1 - share(value)) * (height - top - bottom);
  const line = (points: [number, number][]) =>
    `M${points.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join('L')}`;
  const stairs = staircase(detail, low, high).map(([a, b]): [number, number] => [x(a), y(b)]);
  const range = passRange(detail);

  const box = { width: width * inset.share, x: width * (1 - inset.share), y: height - bottom - inset.height };
  const gradientX = (value: number) => box.x + 6 + share(value) * (box.width - 12);
  const one = box.y + 19;
  const zero = box.y + inset.height - 6;
  const mask: [number, number][] = isFloat(detail)
    ? [
        [gradientX(low), one],
        [gradientX(high), one],
      ]
    : [
        [gradientX(low), zero],
        [gradientX(range.low), zero],
        [gradientX(range.low), one],
        [gradientX(range.high), one],
        [gradientX(range.high), zero],
        [gradientX(high), zero],
      ];
  const symbol = side === 'weights' ? 'w' : 'a';
  return (
    <div ref={ref} className={styles.frame}>
      {width > 0 && height > 60 && (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`Staircase of ${title}: rounded value against latent value`}
          {...help(
            'Rounded value against latent value; the dashed line is no rounding. Inset: the straight-through gradient is 1 inside the range and 0 where values are clipped.',
          )}
        >
          <line x1={0} x2={width} y1={y(0)} y2={y(0)} className={styles.axis} />
          <line x1={x(0)} x2={x(0)} y1={top} y2={height - bottom} className={styles.axis} />
          <path
            d={line([
              [x(low), y(low)],
              [x(high), y(high)],
            ])}
            className={styles.identity}
          />
          <path d={line(stairs)} className={styles.stairs} />
          <rect {...box} height={inset.height} rx={3} className={styles.inset} />
          <path d={line(mask)} className={styles.gradient} />
          <text x={box.x + 5} y={box.y + 12}>
            gradient 0, 1
          </text>
          <text x={0} y={10}>
            rounded {symbol}
          </text>
          <text x={width} y={height - 3} textAnchor="end">
            latent {symbol}
          </text>
        </svg>
      )}
    </div>
  );
});
