/** What the model may cost, and by which sensitivity the layers are judged. */
import { bytes, short } from '../format';
import { help } from '../Term';
import styles from './Allocate.module.css';
import { type BudgetKind, budgets, mostDrop, type SourceKind, sources, useAllocationForm } from './question';

interface Props {
  eight: { bytes: number; bops: number };
  /** Percent of 8 bits everywhere: the least that can be, and what is asked for. */
  least: number;
  percent: number;
}

const set = useAllocationForm.setState;

export function Budget({ eight, least, percent }: Props) {
  const { budget, drop, source, keepEnds } = useAllocationForm();
  const share = percent / 100;
  const limit =
    budget === 'accuracy'
      ? `${drop.toFixed(1)} pt`
      : `${percent === least ? 'least, ' : ''}${percent} % · ${budget === 'bytes' ? bytes(share * eight.bytes) : `${short(share * eight.bops)} BOPs`}`;
  return (
    <>
      <div className={styles.line}>
        <label {...help(budgets[budget].help)}>
          Budget{' '}
          <select
            aria-label="Budget of"
            value={budget}
            onChange={(event) => set({ budget: event.target.value as BudgetKind })}
          >
            {Object.entries(budgets).map(([key, { label }]) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <span className="grow" />
        <b className={styles.limit}>{limit}</b>
      </div>
      {budget === 'accuracy' ? (
        <input
          type="range"
          aria-label="Budget"
          aria-valuetext={limit}
          min={0}
          max={mostDrop}
          step={0.1}
          value={drop}
          onChange={(event) => set({ drop: Number(event.target.value) })}
        />
      ) : (
        <input
          type="range"
          aria-label="Budget"
          aria-valuetext={limit}
          min={least}
          max={100}
          step={1}
          value={percent}
          onChange={(event) => set({ percent: Number(event.target.value) })}
        />
      )}
      <div className={styles.line}>
        <label {...help(budget === 'accuracy' ? sources.accuracy.help : sources[source].help)}>
          Judged by{' '}
          <select
            aria-label="Sensitivity from"
            value={budget === 'accuracy' ? 'accuracy' : source}
            disabled={budget === 'accuracy'}
            onChange={(event) => set({ source: event.target.value as SourceKind })}
          >
            {Object.entries(sources).map(([key, { label }]) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label
          {...help(
            'The first layer sees the data and the last one decides: many recipes keep the weights of both at 8 bits whatever they cost.',
          )}
        >
          <input
            type="checkbox"
            checked={keepEnds}
            onChange={(event) => set({ keepEnds: event.target.checked })}
          />{' '}
          Keep first and last at 8 bits
        </label>
      </div>
    </>
  );
}
