/** Bits of every layer over the steps, on the charts' x axis. */
import { memo } from 'react';
import { count } from '../format';
import { help } from '../Term';
import styles from './BitStrip.module.css';
import type { PlanRow, Span } from './bitPlan';

/** Beyond this many layers rows are too thin for names and numerals. */
const namedRows = 6;
/** Share of the width below which a numeral would be cut. */
const narrow = 0.035;
/** More spans than this are one picture: a schedule of many cycles has thousands. */
const mostElements = 40;

interface Props {
  rows: PlanRow[];
  /** Step at the right edge. */
  last: number;
  /** "Weight" or "Activation". */
  side: string;
}

/** Many spans as one path for each width. */
function Picture({ spans, last }: { spans: readonly Span[]; last: number }) {
  const widths = [...new Set(spans.map(({ bits }) => bits))];
  return (
    <svg viewBox={`0 0 ${last} 1`} preserveAspectRatio="none" aria-hidden="true">
      {widths.map((bits) => (
        <path
          key={bits}
          data-b={bits}
          d={spans
            .filter((span) => span.bits === bits)
            .map(({ from, to }) => `M${from} 0H${to}V1H${from}`)
            .join('')}
        />
      ))}
    </svg>
  );
}

export const BitStrip = memo(function BitStrip({ rows, last, side }: Props) {
  const compact = rows.length > namedRows;
  return (
    <div
      className={`${styles.strip} ${compact ? styles.compact : ''}`}
      style={{ '--rows': rows.length } as React.CSSProperties}
      data-bits={side}
      role="img"
      aria-label={`${side} bits over the steps: ${rows
        .map(({ label, spans }) => {
          const bits = spans.length > mostElements ? spans.slice(0, 12) : spans;
          const more = spans.length > bits.length ? ` and ${spans.length - bits.length} more` : '';
          return `${label} ${bits.map((span) => span.bits).join(', then ')}${more}`;
        })
        .join('; ')}`}
    >
      {rows.map(({ label, spans }) => (
        <div key={label} className={styles.row}>
          {!compact && <span className={styles.name}>{label}</span>}
          {spans.length > mostElements ? (
            <i
              className={styles.picture}
              {...help(`${label}: ${count(spans.length - 1)} changes of ${side.toLowerCase()} bits.`)}
            >
              <Picture spans={spans} last={last} />
            </i>
          ) : (
            spans.map(({ from, to, bits }) => (
              <i
                key={from}
                data-b={bits}
                className={styles.span}
                style={{ width: `${(100 * (to - from)) / last}%` }}
                {...help(
                  `${label}: ${bits === 32 ? 'float' : `${bits}-bit`} ${side === 'Weight' ? 'weights' : 'outputs'}, steps ${count(from)} to ${count(to)}.`,
                )}
              >
                {compact || (to - from) / last < narrow ? '' : bits}
              </i>
            ))
          )}
        </div>
      ))}
      {compact && <span className={styles.side}>{rows.length} layers</span>}
    </div>
  );
});
