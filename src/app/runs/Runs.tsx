/** The Runs tab: the table, what is done with all of it, and files. */
import { useMemo, useState } from 'react';
import { remove } from '@/store/runs/actions';
import { importRuns, runsToFile } from '@/store/runs/file';
import { useRuns } from '@/store/runs/runs';
import { useWorkspace } from '@/store/workspace';
import { help } from '../Term';
import { chooseFiles, download } from '../toolbar/exports';
import { type Sorting, sorted } from './columns';
import { usePresentRow } from './present';
import styles from './Runs.module.css';
import type { Row } from './rows';
import { tableAsCsv, tableAsJson } from './save';
import { Table } from './Table';
import { useRows } from './useRows';

const openFile = () => chooseFiles(([file]) => file && void importRuns(file), '.json,application/json');
const saveFile = () => download('runs.json', runsToFile(useRuns.getState().runs), 'application/json');

function Tools({ rows }: { rows: readonly Row[] }) {
  const together = useWorkspace((state) => state.meanOverSeeds);
  return (
    <div className={styles.tools}>
      <label
        {...help('Runs that differ in nothing but their seed become one row: mean ± standard deviation.')}
      >
        <input
          type="checkbox"
          checked={together}
          onChange={(event) => useWorkspace.setState({ meanOverSeeds: event.target.checked })}
        />{' '}
        Mean over seeds
      </label>
      <span className="grow" />
      <button
        type="button"
        className="quiet"
        onClick={() => download('runs.csv', tableAsCsv(rows), 'text/csv')}
      >
        CSV
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => download('runs-table.json', tableAsJson(rows), 'application/json')}
      >
        JSON
      </button>
      <button
        type="button"
        className="quiet"
        onClick={saveFile}
        {...help(
          'All runs with their experiments and curves as one file, for another browser or another day.',
        )}
      >
        Save runs
      </button>
      <button type="button" className="quiet" onClick={openFile}>
        Open runs…
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => void remove(rows.flatMap(({ runs }) => runs.map(({ id }) => id)))}
      >
        Delete all
      </button>
    </div>
  );
}

export default function Runs() {
  const rows = useRows();
  const present = usePresentRow();
  const [sorting, setSorting] = useState<Sorting>({ by: 'name', down: false });
  const [chosen, setChosen] = useState(false);
  const shown = useMemo(() => (chosen ? sorted(rows, sorting) : rows), [rows, sorting, chosen]);
  if (rows.length === 0)
    return (
      <div className={styles.empty}>
        <p>Pin a run to compare it: it keeps its experiment, curves and numbers when you go on.</p>
        <button type="button" className="quiet" onClick={openFile}>
          Open runs…
        </button>
      </div>
    );
  return (
    <>
      <Tools rows={shown} />
      <Table
        rows={shown}
        present={present}
        sorting={chosen ? sorting : { by: 'name', down: false }}
        onSort={(wanted) => {
          setSorting(wanted);
          setChosen(true);
        }}
      />
    </>
  );
}
