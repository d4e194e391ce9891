/** The Deploy tab: whether the network fits real devices, whether it runs elsewhere, and files of it. */
import styles from './Deploy.module.css';
import { WillItFit } from './Fit';
import { SaveButtons } from './Save';
import { OnnxRuntime } from './Trial';

export default function Deploy() {
  return (
    <div className={styles.deploy}>
      <WillItFit />
      <div className={styles.column}>
        <OnnxRuntime />
        <SaveButtons />
      </div>
    </div>
  );
}
