/** Rounded value against latent value, and below it the gradient as the estimator in force lets it pass. */
import { useElementSize } from '@mantine/hooks';
import { memo } from 'react';
import type { SiteDetail } from '@/session/protocol';
import { figures } from '../format';
import { help } from '../Term';
import { clampRange, gradientCurve, isAfterTanh, isFloat, levels, staircase } from './grid';
import styles from './Staircase.module.css';

const top = 14;
const bottom = 16;
const inset = { height: 44, share: 0.5 };
const oneSign = [1] as const;
const signs = [1, -1] as const;

const gradientWords: Record<SiteDetail['estimator'], string> = {
  ste: 'straight-through, 1 where it passes.',
  ewgs: 'EWGS, a tenth larger or smaller by the rounding error; the thin line is for negative gradients.',
  soft: 'soft tanh, large halfway between two levels and small on them.',
  none: 'none, 0 everywhere.',
};
const passWords: Record<SiteDetail['passes'], string> = {
  unclamped: 'It passes where values are not clipped.',
  inside: 'It passes strictly between the outermost levels.',
  closed: 'It passes between the outermost levels.',
  everywhere: 'It passes everywhere.',
};

interface Props {
  title: string;
  detail: SiteDetail;
  side: 'weights' | 'activations';
}

/** What both axes span: the grid with a fifth more on each side, or the values in float. */
function reach(detail: SiteDetail): { low: number; high: number } {
  const grid = levels(detail);
  const range = clampRange(detail);
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

  const box = { width: width * inset.share, x: width * (1 - inset.share), y: height - bottom - inset.height };
  const curves = (detail.estimator === 'ewgs' ? signs : oneSign).map((upstream) =>
    gradientCurve(detail, low, high, upstream),
  );
  const most = Math.max(1, ...curves.flatMap((curve) => curve.map(([, gradient]) => gradient)));
  const gradientLine = (curve: [number, number][]) =>
    line(
      curve.map(([value, gradient]) => [
        box.x + 6 + share(value) * (box.width - 12),
        box.y + inset.height - 6 - (gradient / most) * (inset.height - 25),
      ]),
    );
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
            `Rounded value against latent value${isAfterTanh(detail) ? ' after tanh' : ''}; the dashed line is no rounding. Inset, the gradient on the same axis: ${gradientWords[detail.estimator]} ${passWords[detail.passes]}`,
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
          {curves.map((curve, i) => (
            <path
              // biome-ignore lint/suspicious/noArrayIndexKey: one for each sign
              key={i}
              d={gradientLine(curve)}
              className={i === 0 ? styles.gradient : styles.other}
            />
          ))}
          <text x={box.x + 5} y={box.y + 12}>
            gradient 0, {most === 1 ? 1 : figures(most, 2)}
          </text>
          <text x={0} y={10}>
            rounded {symbol}
          </text>
          <text x={width} y={height - 3} textAnchor="end">
            {isAfterTanh(detail) ? 'tanh' : 'latent'} {symbol}
          </text>
        </svg>
      )}
    </div>
  );
});
