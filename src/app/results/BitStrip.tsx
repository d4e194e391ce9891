/** Weight bits of every layer over the steps, on the charts' x axis. */
import { memo } from 'react';
import { count } from '../format';
import { help } from '../Term';
import styles from './BitStrip.module.css';
import type { PlanRow } from './bitPlan';

/** Beyond this many layers rows are too thin for names and numerals. */
const namedRows = 6;
/** Share of the width below which a numeral would be cut. */
const narrow = 0.035;

interface Props {
  rows: PlanRow[];
  /** Step at the right edge. */
  last: number;
}

export const BitStrip = memo(function BitStrip({ rows, last }: Props) {
  const compact = rows.length > namedRows;
  return (
    <div
      className={`${styles.strip} ${compact ? styles.compact : ''}`}
      style={{ '--rows': rows.length } as React.CSSProperties}
      role="img"
      aria-label={`Weight bits over the steps: ${rows
        .map(({ layer, spans }) => `${layer} ${spans.map(({ bits }) => bits).join(', then ')}`)
        .join('; ')}`}
    >
      {rows.map(({ layer, spans }) => (
        <div key={layer} className={styles.row}>
          {!compact && <span className={styles.name}>{layer}</span>}
          {spans.map(({ from, to, bits }) => (
            <i
              key={from}
              data-b={bits}
              className={styles.span}
              style={{ width: `${(100 * (to - from)) / last}%` }}
              {...help(
                `${layer}: ${bits === 32 ? 'float' : `${bits}-bit`} weights, steps ${count(from)} to ${count(to)}.`,
              )}
            >
              {compact || (to - from) / last < narrow ? '' : bits}
            </i>
          ))}
        </div>
      ))}
      <span
        className={styles.unit}
        {...help('Weight bits of each layer over the steps of the run, first layer on top.')}
      >
        W bits
      </span>
      {compact && <span className={styles.side}>{rows.length} layers</span>}
    </div>
  );
});
