/** The cross that puts a message away. */
import styles from './frame.module.css';

export const Dismiss = ({ onClick }: { onClick(): void }) => (
  <button type="button" className={styles.dismiss} aria-label="Dismiss" onClick={onClick}>
    <svg viewBox="0 0 12 12" aria-hidden="true">
      <path d="m2.5 2.5 7 7m0-7-7 7" />
    </svg>
  </button>
);
