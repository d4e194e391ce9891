/** The person's own data: drop zone, label column of a table, and the file that an opened link asks for. */
import { Modal } from '@mantine/core';
import { useEffect, useState } from 'react';
import { cancelOpening, openAny, openData, useOpening } from '@/store/opening';
import { bytes, plural } from '../format';
import styles from './Data.module.css';

const fromInput = (event: React.ChangeEvent<HTMLInputElement>, then: (files: File[]) => void) => {
  then([...(event.target.files ?? [])]);
  event.target.value = ''; // so that the same file can be chosen again
};

export function OwnData() {
  const reading = useOpening((state) => state.reading);
  return (
    <>
      <label className={styles.drop} data-busy={reading !== null}>
        <b>Own data</b>
        {reading === null
          ? 'Drop IDX or CSV files here, or choose them. They stay on this device.'
          : `Reading ${reading} …`}
        <input
          type="file"
          multiple
          aria-label="Own data"
          onChange={(event) => fromInput(event, (files) => void openAny(files))}
        />
      </label>
      <LabelChooser />
      <WantedFile />
    </>
  );
}

function LabelChooser() {
  const chooser = useOpening((state) => state.chooser);
  const [column, setColumn] = useState(0);
  useEffect(() => setColumn((chooser?.columns.length ?? 1) - 1), [chooser]);
  if (!chooser) return null;
  const { name, columns, sample, files } = chooser;
  return (
    <Modal
      opened
      size="lg"
      onClose={cancelOpening}
      title={`Which column of ${name} is the class?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <label className={styles.field}>
        Label column
        <select
          aria-label="Label column"
          value={column}
          data-autofocus
          onChange={(event) => setColumn(Number(event.target.value))}
        >
          {columns.map((title, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a column is its index, and titles may repeat
            <option key={index} value={index}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <p className={styles.modalText}>The other columns are features; each is standardised.</p>
      <div className={styles.sample}>
        <table>
          <thead>
            <tr>
              {columns.map((title, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <th key={index} scope="col" data-label={index === column}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sample.map((row, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name
              <tr key={line}>
                {row.map((cell, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: as above
                  <td key={index} data-label={index === column}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={styles.buttons}>
        <button type="button" className={styles.primary} onClick={() => void openData(files, column)}>
          Use this column
        </button>
        <button type="button" onClick={cancelOpening}>
          Cancel
        </button>
      </div>
    </Modal>
  );
}

function WantedFile() {
  const wanted = useOpening((state) => state.wanted);
  const reading = useOpening((state) => state.reading);
  if (!wanted) return null;
  const { name, bytes: size, train, test } = wanted.spec;
  return (
    <Modal
      opened
      onClose={cancelOpening}
      title="Own data needed"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <p className={styles.modalText}>
        This experiment uses <b>{name}</b>, {bytes(size)} ({plural(train + test, 'example')}). Choose the file
        to go on; nothing is uploaded.
      </p>
      {wanted.problem && (
        <p className={styles.problem} role="alert">
          {wanted.problem}
        </p>
      )}
      <label className={styles.drop} data-busy={reading !== null}>
        <b>{reading === null ? 'Choose the file' : `Reading ${reading} …`}</b>
        Images and labels are two files: choose them together.
        <input
          type="file"
          multiple
          aria-label={`Choose ${name}`}
          onChange={(event) => fromInput(event, (files) => void openData(files))}
        />
      </label>
      <div className={styles.buttons}>
        <button type="button" onClick={cancelOpening}>
          Go on without it
        </button>
      </div>
    </Modal>
  );
}
