/** One of the three networks: its name and line, accuracy, difference to float, loss. */
import { memo, type ReactNode } from 'react';
import type { NetworkName } from '@/session/networkNames';
import { useLive } from '@/store/live';
import { dash, figures, percentNumber, points as pointsText } from '../format';
import { help, Term, wordHelp } from '../Term';
import styles from './Column.module.css';
import { LineSample } from './LineSample';
import { PtqMenu, QatMenu } from './Methods';
import { networkWords } from './networkWords';

/** Three decimals up to ten nats: the text keeps its width while it falls. */
const nats = (loss: number) => `${loss < 10 ? loss.toFixed(3) : figures(loss)} nats`;

const later = 'after the first steps';

const Head = memo(function Head({ network }: { network: NetworkName }) {
  const { label, aside, word } = networkWords[network];
  const score = useLive((live) => live.points.at(-1)?.[network]);
  const float = useLive((live) => live.points.at(-1)?.float);
  const waiting = network === 'ptq' ? later : '';
  const difference = score && float ? pointsText(score.accuracy - float.accuracy) : '';
  return (
    <>
      <h3 className={styles.name}>
        <LineSample network={network} />
        <Term name={word}>{label}</Term>
        <small>{aside}</small>
      </h3>
      {network === 'ptq' && <PtqMenu />}
      {network === 'qat' && <QatMenu />}
      <p className={styles.numbers}>
        <span
          role="status"
          aria-live="off"
          aria-label={`${label} accuracy`}
          className={styles.accuracy}
          {...wordHelp(word)}
        >
          {score ? (
            <>
              <b>{percentNumber(score.accuracy)}</b> <span>%</span>
            </>
          ) : (
            <b>{dash}</b>
          )}
        </span>
        <small
          className={styles.difference}
          {...(network === 'float'
            ? help('The other two are compared with this.')
            : help('Accuracy minus the float network’s, in percentage points.'))}
        >
          {network === 'float' ? 'reference' : score ? difference : waiting}
        </small>
      </p>
      <p className={styles.loss} data-explained>
        <Term name="loss">loss</Term> <span>{score ? nats(score.loss) : dash}</span>
      </p>
    </>
  );
});

export function Column({ network, children }: { network: NetworkName; children?: ReactNode }) {
  return (
    <article className={styles.column} aria-label={networkWords[network].label}>
      <Head network={network} />
      {children}
    </article>
  );
}
