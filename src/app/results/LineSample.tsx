/** The line of a network as the charts draw it: the legend of every chart. */
import type { NetworkName } from '@/session/networkNames';
import styles from './lines.module.css';

export function LineSample({ network }: { network: NetworkName }) {
  return (
    <svg viewBox="0 0 22 8" width="22" height="8" aria-hidden="true" className={styles.sample}>
      <path className={styles[network]} d="M0 4h22" />
    </svg>
  );
}
