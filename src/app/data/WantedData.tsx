/** An opened link or file describes data that are not here: asks for the file, or whether to fetch them from the hub. */
import { Modal } from '@mantine/core';
import { hubPage, loadingWords } from '@/catalog/hub';
import { cancelOpening, fetchWanted, openData, useOpening } from '@/store/opening';
import { bytes, plural } from '../format';
import { help } from '../Term';
import styles from './Data.module.css';
import { fromInput } from './files';
import { Reading } from './Reading';

export function WantedData() {
  const wanted = useOpening((state) => state.wanted);
  const reading = useOpening((state) => state.reading);
  if (!wanted) return null;
  const { name, format, bytes: size, train, validation = 0, test } = wanted.spec;
  const examples = plural(train + validation + test, 'example');
  return (
    <Modal
      opened
      onClose={cancelOpening}
      title="Own data needed"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {format === 'hub' ? (
        <p className={styles.modalText}>
          This experiment uses{' '}
          <a href={hubPage(name)} target="_blank" rel="noreferrer">
            {name}
          </a>{' '}
          ({examples}). Fetch it from the Hugging Face hub ({bytes(size)})?
        </p>
      ) : (
        <p className={styles.modalText}>
          This experiment uses <b>{name}</b>, {bytes(size)} ({examples}).{' '}
          {format === 'images' ? 'Choose the folder or the zip' : 'Choose the file'} to go on; nothing is
          uploaded.
        </p>
      )}
      {wanted.problem && (
        <p className={styles.problem} role="alert">
          {wanted.problem}
        </p>
      )}
      {reading ? (
        <Reading />
      ) : (
        format !== 'hub' && (
          <>
            <label className={styles.drop}>
              <b>Choose the file</b>
              {format === 'images'
                ? 'A zip of the folder.'
                : 'Files that belong together: choose them together.'}
              <input
                type="file"
                multiple
                aria-label={`Choose ${name}`}
                onChange={(event) => fromInput(event, (files) => void openData(files))}
              />
            </label>
            {format === 'images' && (
              <label className={styles.drop}>
                <b>Choose the folder</b>
                With a folder for each class.
                <input
                  type="file"
                  aria-label={`Choose the folder ${name}`}
                  webkitdirectory=""
                  onChange={(event) => fromInput(event, (files) => void openData(files))}
                />
              </label>
            )}
          </>
        )
      )}
      <div className={styles.buttons}>
        {format === 'hub' && !reading && (
          <button
            type="button"
            className={styles.primary}
            data-autofocus
            onClick={() => void fetchWanted()}
            {...help(loadingWords.fetch.help)}
          >
            Fetch {bytes(size)}
          </button>
        )}
        <button type="button" onClick={cancelOpening}>
          Go on without it
        </button>
      </div>
    </Modal>
  );
}
