/** What is loaded: counts, classes, and how evenly the classes are filled. */
import { useMemo } from 'react';
import { datasetInfo } from '@/catalog/datasets';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { count, percent } from '../format';
import { help } from '../Term';
import styles from './Data.module.css';

/** From here on gaps between the classes would take more room than the classes. */
const manyClasses = 40;

/** Share of each class. */
export function balance(labels: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts.map((n) => (labels.length === 0 ? 0 : n / labels.length));
}

export function Loaded() {
  const dataset = useExperiment(({ experiment }) => experiment.dataset);
  const preview = useLive((live) => live.preview);
  const { train, test, classes, inputShape, view } = datasetInfo(dataset);
  const shares = useMemo(
    () => (preview ? balance(preview.train.y, preview.classNames.length) : []),
    [preview],
  );
  const unit = view === 'images' ? 'pixels' : inputShape[0] === 1 ? 'feature' : 'features';
  const seen =
    preview && preview.train.count < train ? `, in the first ${count(preview.train.count)} of them` : '';
  const text = shares
    .map((share, index) => `${preview?.classNames[index] ?? index}: ${percent(share)}`)
    .join(', ');
  return (
    <div className={styles.loaded}>
      <p>
        <b>{count(train)}</b> to train, <b>{count(test)}</b> to test
      </p>
      <p>
        {inputShape.join('×')} {unit}, {classes} classes
      </p>
      <div
        className={styles.balance}
        data-many={classes > manyClasses}
        role="img"
        aria-label={`Class balance: ${text || 'not loaded yet'}`}
        {...help(`Shares of the classes among the training examples${seen}. ${text}`)}
      >
        {shares.map((share, index) => (
          <i
            // biome-ignore lint/suspicious/noArrayIndexKey: a class is its index
            key={index}
            data-two={classes === 2}
            data-odd={index % 2 === 1}
            style={{ width: `${100 * share}%` }}
          />
        ))}
      </div>
    </div>
  );
}
