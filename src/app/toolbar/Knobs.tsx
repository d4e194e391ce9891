/** Seed (a new start) and learning rate (changes while it trains, and is recorded then). */
import { learningRateField } from '@/catalog/optimizers';
import { edit } from '@/store/editing';
import { useSettings } from '@/store/experiment';
import { restructure } from '@/store/session';
import { NumberBox } from '../controls/NumberBox';
import { Term } from '../Term';
import styles from './Toolbar.module.css';

export function Knobs() {
  const { seed, optimizer } = useSettings();
  return (
    <div className={styles.knobs}>
      <span className={styles.knob}>
        <Term name="seed" />
        <NumberBox
          className={styles.seed}
          name="Seed"
          value={seed}
          min={0}
          max={2 ** 32 - 1}
          integer
          onCommit={(value) => value !== undefined && restructure({ seed: value }, 'The seed has changed.')}
        />
      </span>
      <span className={styles.knob}>
        <Term name="learningRate" />
        <NumberBox
          className={styles.rate}
          name="Learning rate"
          value={optimizer.learningRate}
          min={learningRateField.min}
          max={learningRateField.max}
          onCommit={(value) => value !== undefined && edit([{ kind: 'learningRate', value }])}
        />
      </span>
    </div>
  );
}
