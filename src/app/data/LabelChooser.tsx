/** Which column of a table is the class. */
import { Modal } from '@mantine/core';
import { useEffect, useState } from 'react';
import { cancelOpening, openData, useOpening } from '@/store/opening';
import styles from './Data.module.css';

export function LabelChooser() {
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
