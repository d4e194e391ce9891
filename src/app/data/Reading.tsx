/** What is being read or fetched: how far it is, how long it will take, and a way to stop it. */
import { loadingWords } from '@/catalog/hub';
import { cancelReading, type Reading as State, useOpening } from '@/store/opening';
import { help } from '../Term';
import styles from './OwnData.module.css';
import { amount, timeLeft } from './progressText';

export function Reading() {
  const reading = useOpening((state) => state.reading);
  return reading && <Bar reading={reading} />;
}

function Bar({ reading: { what, fetching, progress, since } }: { reading: State }) {
  const verb = fetching && progress?.unit !== 'images' ? 'Fetching' : 'Reading';
  const left = progress ? timeLeft(progress, performance.now() - since) : '';
  const text = progress ? `${amount(progress)}${left && `, ${left}`}` : '';
  return (
    <div className={styles.reading}>
      <p>
        {verb} <b>{what}</b> …
      </p>
      {/* without a value the bar shows that something is going on */}
      <progress
        aria-label={`${verb} ${what}`}
        aria-valuetext={text}
        {...(progress ? { value: progress.done, max: progress.total } : {})}
      />
      <p>{text}</p>
      <button type="button" onClick={cancelReading} {...help(loadingWords.cancel.help)}>
        {loadingWords.cancel.label}
      </button>
    </div>
  );
}
