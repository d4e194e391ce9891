/** An image data set of the Hugging Face hub by name: offered ones, look-up, what it would cost, what is kept. */
import { Modal } from '@mantine/core';
import { useState } from 'react';
import type { OwnSpec } from '@/catalog/datasets';
import { hubPage, loadingWords, offeredByHub } from '@/catalog/hub';
import type { HubChoice, HubOffer } from '@/data/loaders/hub/offer';
import { acceptOffer, closeHub, forget, lookUp, startOnKept, useHub } from '@/store/hub';
import { useWorkspace } from '@/store/workspace';
import { bytes, count, plural } from '../format';
import { help } from '../Term';
import styles from './Data.module.css';
import { ImageSize } from './ImageSize';
import own from './OwnData.module.css';

export function Hub() {
  const open = useHub((state) => state.open);
  if (!open) return null;
  return (
    <Modal
      opened
      size="lg"
      onClose={closeHub}
      title="Images from the Hugging Face hub"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Kept />
      <Names />
      <Offer />
    </Modal>
  );
}

function Kept() {
  const kept = useHub((state) => state.kept);
  if (kept.length === 0) return null;
  return (
    <section className={own.kept} aria-label="Kept in this browser">
      <p className={styles.modalText}>Kept in this browser:</p>
      <ul>
        {kept.map(({ spec, bytes: size }) => (
          <li key={spec.hash}>
            <span>
              <b>{spec.name}</b> {describe(spec)}, {bytes(size)}
            </span>
            <button
              type="button"
              aria-label={`Use ${spec.name}`}
              onClick={() => void startOnKept(spec)}
              {...help('Starts a new experiment on these images, without fetching anything.')}
            >
              Use
            </button>
            <button
              type="button"
              aria-label={`Forget ${spec.name}`}
              onClick={() => void forget(spec)}
              {...help(loadingWords.forget.help)}
            >
              {loadingWords.forget.label}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const describe = ({ train, validation = 0, test, shape, subset }: OwnSpec) =>
  `${subset ? `${subset}, ` : ''}${plural(train + validation + test, 'image')}, ${shape.join('×')}`;

function Names() {
  const asking = useHub((state) => state.asking);
  const problem = useHub((state) => state.problem);
  const host = new URL(useWorkspace((state) => state.hub)).host;
  const [name, setName] = useState('');
  return (
    <>
      <p className={styles.modalText}>
        Choose one, or type a name. Looking up asks {host} for a list of files; the images come only when you
        say so.
      </p>
      <div className={own.names}>
        {offeredByHub.map((each) => (
          <button
            key={each.name}
            type="button"
            disabled={asking !== null}
            onClick={() => {
              setName(each.name);
              void lookUp({ name: each.name });
            }}
            {...help(each.help)}
          >
            {each.label}
          </button>
        ))}
      </div>
      <form
        className={own.lookUp}
        onSubmit={(event) => {
          event.preventDefault();
          void lookUp({ name });
        }}
      >
        <label className={styles.field} {...help(loadingWords.hubName.help)}>
          {loadingWords.hubName.label}
          <input
            type="text"
            aria-label={loadingWords.hubName.label}
            placeholder="owner/name"
            autoComplete="off"
            spellCheck={false}
            maxLength={300}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <button
          type="submit"
          disabled={asking !== null || name.trim() === ''}
          {...help(loadingWords.lookUp.help)}
        >
          {loadingWords.lookUp.label}
        </button>
      </form>
      {asking !== null && <p className={styles.modalText}>Looking up {asking} …</p>}
      {problem && (
        <p className={styles.problem} role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

const partWords = { train: 'to train', validation: 'to choose by', test: 'to test' } as const;

function Offer() {
  const offer = useHub((state) => state.offer);
  const asking = useHub((state) => state.asking);
  if (!offer) return null;
  const { choice, parts, bytes: size, host, classNames } = offer;
  return (
    <section className={own.offer} aria-label={`Offer: ${choice.name}`}>
      <h3>
        <a href={hubPage(choice.name)} target="_blank" rel="noreferrer">
          {choice.name}
        </a>
      </h3>
      <ul>
        {parts.map(({ part, split, rows, of }) => (
          <li key={part}>
            <b>{count(rows)}</b> {partWords[part]}
            {rows < of && `, of ${count(of)}`} ({split})
          </li>
        ))}
      </ul>
      {!parts.some(({ part }) => part === 'test') && <p>A fifth of them is kept to test.</p>}
      {classNames && (
        <p>
          {plural(classNames.length, 'class', 'classes')}: {classNames.slice(0, 12).join(', ')}
          {classNames.length > 12 && ', …'}
        </p>
      )}
      <p>The images come from {host}.</p>
      <Choices offer={offer} />
      <ImageSize />
      <div className={styles.buttons}>
        <button
          type="button"
          className={styles.primary}
          disabled={asking !== null}
          onClick={acceptOffer}
          {...help(loadingWords.fetch.help)}
        >
          Fetch {bytes(size)}
        </button>
        <button type="button" onClick={closeHub}>
          Cancel
        </button>
      </div>
    </section>
  );
}

/** Subset and columns, where there is more than one. */
function Choices({ offer: { choice, subsets, imageColumns, classColumns } }: { offer: HubOffer }) {
  // Another subset has columns of its own.
  const choices = [
    { key: 'subset', options: subsets, next: (subset: string): HubChoice => ({ name: choice.name, subset }) },
    {
      key: 'imageColumn',
      options: imageColumns,
      next: (imageColumn: string): HubChoice => ({ ...choice, imageColumn }),
    },
    {
      key: 'classColumn',
      options: classColumns,
      next: (classColumn: string): HubChoice => ({ ...choice, classColumn }),
    },
  ] as const;
  return choices
    .filter(({ options }) => options.length > 1)
    .map(({ key, options, next }) => (
      <label key={key} className={styles.field}>
        {loadingWords[key].label}
        <select
          aria-label={loadingWords[key].label}
          value={choice[key]}
          onChange={(event) => void lookUp(next(event.target.value))}
          {...help(loadingWords[key].help)}
        >
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      </label>
    ));
}
