/** What a network takes an image for: the class, and a bar for each of the ten likeliest. */
import type { Answer } from '@/session/protocol';
import { percent, percentNumber } from '../format';
import { help } from '../Term';
import styles from './Try.module.css';

const mostBars = 10;

interface Props {
  /** "QAT". */
  name: string;
  answer: Extract<Answer, { kind: 'image' }> | undefined;
  classNames: readonly string[];
  /** Where there is no answer yet. */
  waiting: string;
}

export function Probabilities({ name, answer, classNames, waiting }: Props) {
  const shares = answer?.probabilities ?? [];
  const all = classNames.map((className, index) => ({ className, index, share: shares[index] ?? 0 }));
  const likely = all.toSorted((a, b) => b.share - a.share).slice(0, mostBars);
  const [best] = likely;
  const rows = all.length <= mostBars ? all : answer ? likely : all.slice(0, mostBars);
  return (
    <>
      <p className={styles.class}>
        {answer && best ? (
          <>
            <b>{best.className}</b> <span>{percent(best.share)}</span>
          </>
        ) : (
          <small>{waiting}</small>
        )}
      </p>
      <ul
        className={styles.bars}
        aria-label={`Class probabilities, ${name}`}
        {...help(
          'Softmax of the logits: how sure the network is of each class. A quantized one may be as right and less sure.',
        )}
      >
        {rows.map(({ className, index, share }) => (
          <li key={index} data-best={answer !== undefined && index === best?.index}>
            <span>{className}</span>
            <i>
              <i style={{ width: `${100 * share}%` }} />
            </i>
            <span>{answer ? percentNumber(share) : ''}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
