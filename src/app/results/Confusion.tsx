/** Confusion matrix: how often each true class (row) got each predicted class (column). */
import { memo } from 'react';
import { count, percent } from '../format';
import { help } from '../Term';
import styles from './Confusion.module.css';
import { confusionRows, shortNames, topMistakes } from './confusionRows';

/** Beyond this many classes single counts cannot be read: the commonest mistakes are listed instead. */
const maxClasses = 26;
const listed = 12;
/** A square root lifts rare mistakes into view; at most this much ink, so that the numerals stay readable. */
const ink = (share: number) => `${38 * Math.sqrt(share)}%`;

interface Props {
  /** "QAT". */
  name: string;
  counts: readonly number[];
  classNames: readonly string[];
  /** In a column beside two others. */
  small?: boolean;
}

function Mistakes({ name, counts, classNames }: Props) {
  const mistakes = topMistakes(counts, classNames.length, listed);
  return (
    <table className={styles.list} aria-label={`Commonest mistakes, ${name}`}>
      <thead>
        <tr>
          <th scope="col">True class</th>
          <th scope="col">Predicted</th>
          <th scope="col">Samples</th>
          <th scope="col">Of the class</th>
        </tr>
      </thead>
      <tbody>
        {mistakes.map(({ actual, predicted, count: times, share }) => (
          <tr key={`${actual}-${predicted}`}>
            <th scope="row">{classNames[actual]}</th>
            <td>{classNames[predicted]}</td>
            <td>{count(times)}</td>
            <td>{percent(share)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export const Confusion = memo(function Confusion({ name, counts, classNames, small }: Props) {
  if (counts.length === 0)
    return <p className={`${styles.empty} ${small ? styles.small : ''}`}>after the first steps</p>;
  if (classNames.length > maxClasses) return <Mistakes name={name} counts={counts} classNames={classNames} />;
  const rows = confusionRows(counts, classNames.length);
  const short = shortNames(classNames);
  return (
    <div className={styles.scroll}>
      <table
        className={`${styles.matrix} ${small ? styles.small : ''}`}
        aria-label={`Confusion matrix, ${name}: true class by row, predicted class by column, samples`}
      >
        <thead>
          <tr>
            <td className={styles.corner}>
              <span aria-hidden="true">true \ pred.</span>
            </td>
            {classNames.map((label, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a class is its index, and long names cut short may be equal
              <th key={index} scope="col" aria-label={label} {...help(`Predicted ${label}.`)}>
                {short[index]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, actual) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <tr key={actual}>
              <th scope="row" aria-label={classNames[actual]} {...help(`True class ${classNames[actual]}.`)}>
                {short[actual]}
              </th>
              {cells.map((cell, predicted) => (
                <td
                  // biome-ignore lint/suspicious/noArrayIndexKey: as above
                  key={predicted}
                  className={actual === predicted ? styles.right : ''}
                  style={{ '--ink-share': ink(cell.share) } as React.CSSProperties}
                  {...help(
                    `True ${classNames[actual]}, predicted ${classNames[predicted]}: ${cell.count} of the class’s test examples, ${percent(cell.share)}.`,
                  )}
                >
                  {cell.count === 0 ? <span className={styles.none}>0</span> : count(cell.count)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
});
