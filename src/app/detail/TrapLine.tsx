/** What the selected layer has run into, in one calm line with the click that mends it. */
import { mend, useTrapOf } from '@/store/traps';
import styles from './Detail.module.css';

export function TrapLine({ layer }: { layer: string }) {
  const trap = useTrapOf(layer);
  if (!trap) return null;
  return (
    <p className={styles.trap}>
      <span>{trap.text}</span>
      <button type="button" onClick={() => mend(trap)}>
        {trap.mend.label}
      </button>
    </p>
  );
}
