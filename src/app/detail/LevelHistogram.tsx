/** Histogram of latent values with the quantization grid drawn in: a stem for each level, as high as its share. */
import { useElementSize } from '@mantine/hooks';
import { memo } from 'react';
import type { SiteDetail } from '@/session/protocol';
import { figures, minus, percent } from '../format';
import { help } from '../Term';
import { Flips } from './Flips';
import { clampRange, type Level, levels } from './grid';
import { chooseLabels, histogramBars, histogramDomain } from './histogram';
import styles from './LevelHistogram.module.css';

/** Up to this many bits every level has a stem and a numeral; beyond, stems would hide the values. */
const numeralBits = 4;
/** Space for share labels above, for numerals and axis labels below. */
const top = 16;
const numeralHeight = 13;
const bottom = 32;
const labelGap = 4;

const integer = (q: number) => String(q).replace('-', minus);
const shareText = (share: number) => `${Math.round(100 * share)} %`;

interface Props {
  /** "dense2 weights". */
  title: string;
  detail: SiteDetail;
  /** Weights lie around 0; after ReLU one spike at 0 would dwarf the rest, so heights are square roots. */
  side: 'weights' | 'activations';
}

interface Plot {
  detail: SiteDetail;
  grid: Level[];
  width: number;
  /** y of the axis. */
  base: number;
  toX: (value: number) => number;
  /** Height in pixels of a fraction of the largest. */
  toHeight: (fraction: number) => number;
}

function Bars({ detail, base, toX, toHeight }: Plot) {
  const bars = histogramBars(detail.histogram, clampRange(detail));
  const most = Math.max(1, ...detail.histogram.counts);
  return bars.map(({ from, to, count, negative, clipped }) => {
    const height = toHeight(count / most);
    const x = toX(from);
    return (
      <rect
        key={from}
        x={x}
        y={base - height}
        width={Math.max(0.5, toX(to) - x - 0.6)}
        height={height}
        className={styles[`${negative ? 'neg' : 'pos'}${clipped ? '' : 'Soft'}`]}
      />
    );
  });
}

/** Ticks alone, for grids too fine for stems. */
function Ticks({ grid, detail, base, toX }: Plot) {
  const spacing = grid.length > 1 ? toX(grid[1]!.value) - toX(grid[0]!.value) : 1;
  // Where levels are closer than three pixels, every second, fourth, … one.
  const every = 2 ** Math.max(0, Math.ceil(Math.log2(3 / spacing)));
  const middle = grid.findIndex(({ q }) => q >= detail.zeroPoint);
  return (
    <g data-b={detail.bits} className={styles.ticks}>
      {grid
        .filter((_, index) => (index - middle) % every === 0)
        .map(({ q, value }) => (
          <line key={q} x1={toX(value)} x2={toX(value)} y1={base + 1} y2={base + 7} />
        ))}
    </g>
  );
}

/** Pixels between the two levels that are closest. */
const narrowest = (grid: readonly Level[], toX: Plot['toX']): number =>
  grid.length > 1 ? Math.min(...grid.slice(1).map(({ value }, i) => toX(value) - toX(grid[i]!.value))) : 40;

/** Which numerals to keep where not all have room. @param k counted from 0 in the middle, to `last` at the ends */
function importance(k: number, last: number): number {
  if (k === 0) return 100;
  if (Math.abs(k) === last) return 50;
  return Math.log2(k & -k);
}

function Stems({ grid, detail, base, toX, toHeight }: Plot) {
  const share = ({ q }: Level) => detail.levelShares[(q - detail.qmin) / detail.spacing] ?? 0;
  const most = Math.max(...grid.map(share)) || 1;
  const spacing = narrowest(grid, toX);
  const widest = Math.max(...grid.map(({ q }) => integer(q).length));
  // Numerals stand under every level, or under every n-th where levels are close.
  const numeralWidth = 7 * widest + 4;
  const every = Math.max(1, Math.ceil((numeralWidth + 1) / spacing));
  const middle = grid.findIndex(({ q }) => q >= detail.zeroPoint);
  // The levels of a float format are not evenly spaced: 0 and the ends first, then every second, …
  const numbered = detail.format
    ? chooseLabels(
        grid.map(({ value }, index) => ({
          x: toX(value),
          width: numeralWidth + 1,
          weight: importance(index - middle, middle),
        })),
      )
    : grid.map((_, index) => (index - middle) % every === 0);
  const labelled = chooseLabels(
    grid.map((level) => ({
      x: toX(level.value),
      width: 6 * shareText(share(level)).length + labelGap,
      weight: share(level),
    })),
  );
  return grid.map((level, index) => {
    const x = toX(level.value);
    const y = base - toHeight(share(level) / most);
    return (
      <g
        key={level.q}
        {...help(
          `Level ${integer(level.q)} stands for ${figures(level.value)}; ${percent(share(level))} of the values round to it.`,
        )}
      >
        <rect x={x - spacing / 2} width={spacing} y={top} height={base - top} className={styles.hit} />
        <line x1={x} x2={x} y1={base} y2={y} className={styles.stem} />
        <circle cx={x} cy={y} r={3.2} className={styles.dot} />
        {labelled[index] && share(level) >= 0.005 && (
          <text x={x} y={y - 6} textAnchor="middle">
            {shareText(share(level))}
          </text>
        )}
        {numbered[index] && (
          <g data-b={detail.bits}>
            <rect
              x={x - numeralWidth / 2}
              y={base + 3}
              width={numeralWidth}
              height={numeralHeight}
              rx={2}
              className={styles.level}
            />
            <text x={x} y={base + 13.2} textAnchor="middle" className={styles.numeral}>
              {integer(level.q)}
            </text>
          </g>
        )}
      </g>
    );
  });
}

function Axis({ detail, grid, base, toX, width }: Plot) {
  const ends = [detail.histogram.min, detail.histogram.max];
  return (
    <>
      <line x1={0} x2={width} y1={base} y2={base} className={styles.axis} />
      <g className={styles.ends}>
        <text x={Math.max(0, toX(ends[0]!))} y={base + 28} textAnchor="start">
          {figures(ends[0]!)}
        </text>
        <text x={Math.min(width, toX(ends[1]!))} y={base + 28} textAnchor="end">
          {figures(ends[1]!)}
        </text>
        {grid.length === 0 && (
          <text x={width / 2} y={base + 14} textAnchor="middle">
            float: no grid
          </text>
        )}
      </g>
    </>
  );
}

export const LevelHistogram = memo(function LevelHistogram({ title, detail, side }: Props) {
  const { ref, width, height } = useElementSize<HTMLDivElement>();
  const grid = levels(detail);
  const domain = histogramDomain(
    detail.histogram,
    grid.map(({ value }) => value),
    side === 'weights',
  );
  const base = height - bottom;
  const plot: Plot = {
    detail,
    grid,
    width,
    base,
    toX: (value) => ((value - domain.low) / (domain.high - domain.low)) * width,
    toHeight: (fraction) => (side === 'activations' ? Math.sqrt(fraction) : fraction) * (base - top),
  };
  const stems = detail.bits <= numeralBits && detail.levelShares.length > 0;
  return (
    <div ref={ref} className={styles.frame}>
      {width > 0 && height > bottom + top && (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`Histogram of ${title}, from ${figures(detail.histogram.min)} to ${figures(detail.histogram.max)}; ${grid.length > 0 ? `${grid.length} levels` : 'float'}, ${percent(detail.clippedShare)} clipped`}
        >
          <Flips {...plot} top={top} />
          <Bars {...plot} />
          {/* A new grid flashes once: its key is the grid, not the values. */}
          <g key={`${detail.bits}/${detail.qmin}/${detail.qmax}`} className={styles.grid}>
            {stems ? <Stems {...plot} /> : <Ticks {...plot} />}
          </g>
          <Axis {...plot} />
        </svg>
      )}
    </div>
  );
});
