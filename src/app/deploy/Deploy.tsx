/** The Deploy tab: whether the network fits real devices, whether it runs elsewhere, and files of it. */
import styles from './Deploy.module.css';
import { WillItFit } from './Fit';
import { Parity } from './Parity';
import { SaveButtons } from './Save';
import { OnnxRuntime } from './Trial';

export default function Deploy() {
  return (
    <div className={styles.deploy}>
      <div className={styles.column}>
        <WillItFit />
        <SaveButtons />
      </div>
      <div className={styles.column}>
        <Parity />
        <OnnxRuntime />
      </div>
    </div>
  );
}
