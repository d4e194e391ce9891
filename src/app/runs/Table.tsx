/** The table of runs: the present one first, the others sorted by any column. */
import { memo, useState } from 'react';
import { remove, rename, restore, showCurve } from '@/store/runs/actions';
import { maxName } from '@/store/runs/record';
import { useRuns } from '@/store/runs/runs';
import { help } from '../Term';
import { type Column, type ColumnKey, columnKeys, columns, type Sorting } from './columns';
import styles from './Runs.module.css';
import type { Row } from './rows';

/** Bits by layer as cells; of a long network the span. */
const mostCells = 12;

export function BitProfile({ bits }: { bits: readonly number[] }) {
  if (bits.length === 0) return null;
  const long = bits.length > mostCells;
  const shown = long ? [Math.min(...bits), Math.max(...bits)] : bits;
  return (
    <span
      className={styles.profile}
      role="img"
      aria-label={`${long ? 'from ' : ''}${shown.join(long ? ' to ' : ' ')} bits`}
    >
      {shown.map((one, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
        <i key={i} data-b={one}>
          {one}
        </i>
      ))}
    </span>
  );
}

const cellsOf = (row: Row) =>
  columnKeys.slice(2).map((key) => {
    const { text }: Column = columns[key];
    return (
      <td key={key} data-column={key}>
        {text?.(row)}
      </td>
    );
  });

function NameBox({ row, done }: { row: Row; done(): void }) {
  const [run] = row.runs;
  const finish = (name?: string) => {
    if (name !== undefined && run) void rename(run.id, name);
    done();
  };
  return (
    <input
      type="text"
      aria-label={`Name of ${row.name}`}
      maxLength={maxName}
      defaultValue={run?.name ?? ''}
      placeholder={row.name}
      ref={(input) => input?.focus()}
      onBlur={(event) => finish(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish(event.currentTarget.value);
        if (event.key === 'Escape') finish();
      }}
    />
  );
}

const point = (id: string | null) => useRuns.setState({ pointed: id });

const RunRow = memo(function RunRow({ row, pointed }: { row: Row; pointed: boolean }) {
  const [renaming, setRenaming] = useState(false);
  const { id, name, runs } = row;
  const single = runs.length === 1;
  return (
    <tr
      data-pointed={pointed}
      onPointerEnter={() => point(id)}
      onPointerLeave={() => point(null)}
      onFocus={() => point(id)}
      onBlur={() => point(null)}
    >
      <td className={styles.curve}>
        {single && (
          <input
            type="checkbox"
            aria-label={`Curve of ${name}`}
            checked={runs[0]!.curve}
            onChange={(event) => void showCurve(id, event.target.checked)}
          />
        )}
      </td>
      <th scope="row" className={styles.name}>
        {renaming ? (
          <NameBox row={row} done={() => setRenaming(false)} />
        ) : (
          <button
            type="button"
            className={`quiet ${styles.named}`}
            onClick={() => void restore(id)}
            {...help('Restores this experiment at step 0. What is here stays one Undo away.')}
          >
            {name}
          </button>
        )}
        {!single && <small> {runs.length} seeds</small>}
      </th>
      <td>
        <BitProfile bits={row.weightBits} />
      </td>
      {cellsOf(row)}
      <td className={styles.actions}>
        {single && (
          <button
            type="button"
            className="quiet"
            aria-label={`Rename ${name}`}
            onClick={() => setRenaming(true)}
          >
            <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
              <path d="M2 10l.6-2.4L8.5 1.7l1.8 1.8-5.9 5.9zM7.3 2.9l1.8 1.8" />
            </svg>
          </button>
        )}
        <button
          type="button"
          className="quiet"
          aria-label={`Delete ${name}`}
          onClick={() => void remove(runs.map((run) => run.id))}
        >
          <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <path d="M2.5 2.5l7 7M9.5 2.5l-7 7" />
          </svg>
        </button>
      </td>
    </tr>
  );
});

function Head({ by, sorting, onSort }: { by: ColumnKey; sorting: Sorting; onSort(sorting: Sorting): void }) {
  const { label, unit, help: words, descending }: Column = columns[by];
  const mine = sorting.by === by;
  const next = mine ? !sorting.down : descending === true;
  return (
    <th scope="col" aria-sort={mine ? (sorting.down ? 'descending' : 'ascending') : 'none'} data-column={by}>
      <button type="button" className="quiet" onClick={() => onSort({ by, down: next })} {...help(words)}>
        {label}
        {unit && <small> {unit}</small>}
        <span aria-hidden="true">{mine ? (sorting.down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

interface Props {
  /** In the order shown. */
  rows: readonly Row[];
  present: Row | null;
  sorting: Sorting;
  onSort(sorting: Sorting): void;
}

export function Table({ rows, present, sorting, onSort }: Props) {
  const pointed = useRuns((state) => state.pointed);
  return (
    <table className={`figures ${styles.table}`} aria-label="Runs">
      <thead>
        <tr>
          <th
            scope="col"
            className={styles.curve}
            {...help('Draws the run’s QAT curve behind the present one’s.')}
          >
            <span className="sr">Curve</span>
          </th>
          {columnKeys.map((key) => (
            <Head key={key} by={key} sorting={sorting} onSort={onSort} />
          ))}
          <th scope="col">
            <span className="sr">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {present && (
          <tr className={styles.present}>
            <td />
            <th scope="row" className={styles.name}>
              this run
            </th>
            <td>
              <BitProfile bits={present.weightBits} />
            </td>
            {cellsOf(present)}
            <td />
          </tr>
        )}
        {rows.map((row) => (
          <RunRow key={row.id} row={row} pointed={row.runs.some(({ id }) => id === pointed)} />
        ))}
      </tbody>
    </table>
  );
}
