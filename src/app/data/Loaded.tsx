/** What is loaded: the parts with their counts, and how evenly the classes fill them. */
import { datasetInfo } from '@/catalog/datasets';
import type { Preview } from '@/session/protocol';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { count, percent } from '../format';
import { help } from '../Term';
import styles from './Data.module.css';

/** From here on gaps between the classes would take more room than the classes. */
const manyClasses = 40;
/** Classes that a tooltip can list. */
const mostListed = 12;

export type PartName = keyof Preview['balance'];
const partWords = {
  train: { label: 'train', help: 'Training examples: the weights are fitted to them.' },
  validation: {
    label: 'validation',
    help: 'Validation examples: choices between settings are made on them, and no weight is fitted to them.',
  },
  test: { label: 'test', help: 'Test examples: the accuracies shown are those on them.' },
} as const satisfies Record<PartName, { label: string; help: string }>;

/** Share of each class in words: those that occur, the most frequent first, and how many are left out. */
export function sharesText(counts: readonly number[], classNames: readonly string[]): string {
  const total = counts.reduce((sum, n) => sum + n, 0);
  const even = Math.max(...counts) - Math.min(...counts) <= 1;
  if (total === 0) return 'No examples.';
  if (even) return `${counts.length} classes of ${percent(1 / counts.length)} each.`;
  const listed = counts
    .map((n, index) => ({ n, name: classNames[index] ?? String(index) }))
    .filter(({ n }) => n > 0)
    .sort((a, b) => b.n - a.n);
  const text = listed.slice(0, mostListed).map(({ n, name }) => `${name}: ${percent(n / total)}`);
  const more = listed.length - mostListed;
  return `${text.join(', ')}${more > 0 ? `, and ${more} more` : ''}.`;
}

interface BalanceProps {
  part: PartName;
  /** Labels of each class. */
  counts: readonly number[];
  classNames: readonly string[];
}

/** A bar for each class, the fullest class as high as the picture. */
function Balance({ part, counts, classNames }: BalanceProps) {
  const most = Math.max(1, ...counts);
  const text = sharesText(counts, classNames);
  return (
    <figure
      className={styles.balance}
      data-signed
      aria-label={`Class balance, ${partWords[part].label}: ${text}`}
      {...help(`${partWords[part].help} A bar for each class. ${text}`)}
    >
      <div
        data-many={counts.length > manyClasses}
        data-two={counts.length === 2}
        style={{ gridTemplateColumns: `repeat(${counts.length}, 1fr)` }}
      >
        {counts.map((n, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a class is its index
          <i key={index} data-odd={index % 2 === 1} style={{ height: `${(100 * n) / most}%` }} />
        ))}
      </div>
      <figcaption>{partWords[part].label}</figcaption>
    </figure>
  );
}

export function Loaded() {
  const dataset = useExperiment(({ experiment }) => experiment.dataset);
  const preview = useLive((live) => live.preview);
  const { train, validation, test, classes, inputShape, view } = datasetInfo(dataset);
  const units = {
    images: 'pixels',
    text: 'characters',
    points: 'features',
    table: inputShape[0] === 1 ? 'feature' : 'features',
  };
  const parts: PartName[] = validation > 0 ? ['train', 'validation', 'test'] : ['train', 'test'];
  return (
    <div className={styles.loaded}>
      <p>
        <b>{count(train)}</b> to train,{' '}
        {validation > 0 && (
          <>
            <b>{count(validation)}</b> to choose by,{' '}
          </>
        )}
        <b>{count(test)}</b> to test
      </p>
      <p>
        {inputShape.join('×')} {units[view]}, {classes} {view === 'text' ? 'different' : 'classes'}
      </p>
      <div className={styles.balances}>
        {parts.map((part) => (
          <Balance
            key={part}
            part={part}
            counts={preview?.balance[part] ?? []}
            classNames={preview?.classNames ?? []}
          />
        ))}
      </div>
    </div>
  );
}
