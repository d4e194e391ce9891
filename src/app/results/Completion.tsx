/** A prompt of the person's own, and how the three networks go on with it, symbol by symbol. */
import { useMemo, useState } from 'react';
import { datasetInfo, datasetKinds, type TextInfo, type TextKind } from '@/catalog/datasets';
import { answerOf, answerTo, encodePrompt, promptOf } from '@/data/text';
import type { Answer, Attempt, Preview } from '@/session/protocol';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { isAnswered } from '@/store/session';
import { dash, percent } from '../format';
import { help } from '../Term';
import { columns } from './columns';
import { networkWords } from './networkWords';
import styles from './Try.module.css';
import { useTried } from './useTried';

export function CompletionPictures() {
  const dataset = useExperiment(({ experiment }) => experiment.dataset);
  const preview = useLive((live) => live.preview);
  const { text, inputShape } = datasetInfo(dataset);
  // Between a new dataset and its first examples the preview is that of the old one.
  if (!text || !preview || preview.shape.join() !== inputShape.join()) return columns(() => null);
  return <Completion key={dataset.kind} kind={dataset.kind as TextKind} text={text} preview={preview} />;
}

interface Props {
  kind: TextKind;
  text: TextInfo;
  preview: Preview;
}

function Completion({ kind, text, preview: { test } }: Props) {
  const testPrompt = (index: number) =>
    promptOf(text, test.x.subarray(index * text.length, (index + 1) * text.length));
  const [index, setIndex] = useState(0);
  const [typed, setTyped] = useState(() => testPrompt(0));
  const prompt = useMemo(() => encodePrompt(kind, typed), [kind, typed]);
  const problem = 'problem' in prompt ? prompt.problem : undefined;
  const attempt = useMemo<Attempt | null>(
    () => ('ids' in prompt ? { kind: 'text', ids: prompt.ids, padding: text.padding, end: text.end } : null),
    [prompt, text],
  );
  const tried = useTried(attempt);
  const current = isAnswered(tried);
  const right = 'text' in prompt ? answerTo(kind, prompt.text) : '';
  const step = useLive((live) => live.step > 0);
  const another = () => {
    const next = (index + 1) % Math.max(1, test.count);
    setIndex(next);
    setTyped(testPrompt(next));
  };
  return (
    <>
      {columns((network) => {
        const answer = attempt ? tried?.answers[network] : undefined;
        return (
          <Written
            name={networkWords[network].label}
            text={text}
            answer={answer?.kind === 'text' ? answer : undefined}
            right={current ? right : undefined}
            waiting={attempt && network === 'ptq' && !step ? 'after the first steps' : dash}
          />
        );
      })}
      <form className={styles.prompt} onSubmit={(event) => event.preventDefault()}>
        <label {...help(datasetKinds[kind].help)}>
          Prompt
          <input
            type="text"
            aria-label="Prompt"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            maxLength={60}
            value={typed}
            aria-invalid={problem !== undefined}
            aria-describedby="prompt-note"
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <button
          type="button"
          onClick={another}
          {...help('A prompt of the test set, which no network was trained on.')}
        >
          Next test prompt
        </button>
        <p id="prompt-note" className={styles.note} data-problem={problem !== undefined}>
          {problem ?? (
            <>
              Right is <b>{right}</b>. Shade and number: how sure a network is of each symbol. A ring marks a
              wrong one.
            </>
          )}
        </p>
      </form>
    </>
  );
}

interface WrittenProps {
  name: string;
  text: TextInfo;
  answer: Extract<Answer, { kind: 'text' }> | undefined;
  /** The right answer, once the networks' belongs to the same prompt. */
  right: string | undefined;
  waiting: string;
}

function Written({ name, text, answer, right, waiting }: WrittenProps) {
  if (!answer) return <p className={styles.written}>{waiting}</p>;
  const { ids, confidence } = answer;
  const mark = text.vocabulary.indexOf('=');
  const written = answerOf(text, [mark, ...ids]);
  const wanted = right === undefined ? undefined : [...right, text.vocabulary[text.end]!];
  const whole =
    wanted && wanted.length === ids.length && ids.every((id, i) => text.vocabulary[id] === wanted[i]);
  const sure = confidence.reduce((product, share) => product * share, 1);
  return (
    <div className={styles.written}>
      <p className={styles.line}>
        <output aria-label={`Answer, ${name}`} aria-live="off">
          {written || '(nothing)'}
        </output>
        {whole !== undefined && (
          <span data-right={whole}>
            <span aria-hidden="true">{whole ? '✓' : '✗'}</span> {whole ? 'right' : 'wrong'}
          </span>
        )}
      </p>
      <ol className={styles.symbols} aria-label={`Symbols, ${name}`}>
        {ids.map((id, i) => {
          const symbol = id === text.end ? 'end' : (text.vocabulary[id] ?? '?');
          const share = confidence[i] ?? 0;
          const wrong = wanted !== undefined && text.vocabulary[id] !== wanted[i];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a symbol is its place
            <li key={i} data-wrong={wrong}>
              <b data-end={id === text.end} style={{ '--ink-share': `${38 * share}%` } as object}>
                {symbol}
              </b>
              <small>{percent(share, 0)}</small>
            </li>
          );
        })}
      </ol>
      <p
        className={styles.sure}
        {...help(
          'The product of the symbols’ probabilities: how sure the network is of the answer as a whole.',
        )}
      >
        whole answer {percent(sure)}
      </p>
    </div>
  );
}
