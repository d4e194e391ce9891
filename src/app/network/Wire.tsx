/** The signal between strips: its thickness and shade are the activation bits that it carries. */
import type { Bits } from '@/catalog/bits';
import { help } from '../Term';
import styles from './Desk.module.css';

export const thickness: Record<Bits, number> = {
  32: 13,
  8: 9,
  7: 8.5,
  6: 8,
  5: 7,
  4: 6,
  3: 4.5,
  2: 3,
  1: 1.5,
};

export const Node = () => <span className={styles.node} aria-hidden="true" />;

export const Wire = ({ bits, end }: { bits: Bits; end: 'in' | 'out' | 'through' }) => (
  <span
    className={styles.wire}
    data-end={end}
    data-b={bits}
    style={{ width: thickness[bits] }}
    aria-hidden="true"
    {...help(bits === 32 ? 'Float activations' : `${bits}-bit activations`)}
  />
);
