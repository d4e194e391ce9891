/** The three columns of the result, each with its picture: decision field, test samples or confusion matrix. */
import { type ReactNode, useMemo, useState } from 'react';
import type { DatasetInfo } from '@/catalog/datasets';
import { words } from '@/catalog/words';
import { type NetworkName, networks } from '@/session/networkNames';
import { useLive } from '@/store/live';
import { CompletionPictures } from './Completion';
import { Confusion } from './Confusion';
import { columns } from './columns';
import { DrawPictures } from './Draw';
import { Field, type Place } from './Field';
import { networkWords } from './networkWords';
import styles from './Pictures.module.css';
import { Samples } from './Samples';
import { sampleOrder } from './sampleGrid';
import { useThrottled } from './useThrottled';

/** Pictures are drawn at most five times a second. */
const interval = 200;
/** A matrix is a table of many cells: read at leisure. */
const matrixInterval = 400;
/** Beyond this many classes a matrix needs the whole width. */
const smallMatrix = 4;
/** More samples than any column can show. */
const mostSamples = 120;

/** Takes its turn where the preview has not come yet: nothing moves when it does. */
const empty = <div className={styles.square} />;

function FieldPictures() {
  const fields = useThrottled(useLive, (live) => live.fields, interval);
  const predictions = useThrottled(useLive, (live) => live.predictions, interval);
  const preview = useLive((live) => live.preview);
  const [cursor, setCursor] = useState<Place | null>(null);
  return columns((network) =>
    preview && fields ? (
      <Field
        name={networkWords[network].label}
        field={fields.pixels[network]}
        size={fields.size}
        extent={fields.extent}
        test={preview.test}
        predicted={predictions?.classes[network]}
        classNames={preview.classNames}
        cursor={cursor}
        onCursor={setCursor}
      />
    ) : (
      empty
    ),
  );
}

function SamplePictures() {
  const predictions = useThrottled(useLive, (live) => live.predictions, interval);
  const preview = useLive((live) => live.preview);
  const run = useLive((live) => live.run);
  // The order is made once when asked for: samples must not jump about while it trains.
  const [sorted, setSorted] = useState<{ run: number; predicted: Uint8Array } | null>(null);
  const mistakesBy = sorted?.run === run ? sorted.predicted : undefined;
  const order = useMemo(
    () => (preview ? sampleOrder(preview.test.y, mistakesBy, mostSamples) : []),
    [preview, mistakesBy],
  );
  const qat = predictions?.classes.qat;
  return (
    <>
      {columns((network) =>
        preview ? (
          <Samples
            name={networkWords[network].label}
            preview={preview}
            order={order}
            predicted={predictions?.classes[network]}
          />
        ) : (
          empty
        ),
      )}
      <label className={styles.option}>
        <input
          type="checkbox"
          checked={mistakesBy !== undefined}
          disabled={!qat || qat.length === 0}
          onChange={(event) => setSorted(event.target.checked && qat ? { run, predicted: qat } : null)}
        />{' '}
        QAT’s present mistakes first
      </label>
    </>
  );
}

function ConfusionPictures() {
  const predictions = useThrottled(useLive, (live) => live.predictions, matrixInterval);
  const classNames = useLive((live) => live.preview?.classNames);
  const [shown, setShown] = useState<NetworkName>('qat');
  const counts = (network: NetworkName) => predictions?.confusion[network] ?? [];
  if (!classNames) return columns(() => empty);
  if (classNames.length <= smallMatrix)
    return columns((network) => (
      <Confusion name={networkWords[network].label} counts={counts(network)} classNames={classNames} small />
    ));
  return (
    <>
      {columns(() => null)}
      <fieldset className={styles.choice}>
        <legend className="sr">Network whose confusion matrix is shown</legend>
        {networks.map((network) => (
          <label key={network}>
            <input
              type="radio"
              name="confusion-network"
              checked={network === shown}
              onChange={() => setShown(network)}
            />{' '}
            {networkWords[network].label}
          </label>
        ))}
      </fieldset>
      <Confusion name={networkWords[shown].label} counts={counts(shown)} classNames={classNames} />
    </>
  );
}

export type PictureKind = 'boundary' | 'samples' | 'draw' | 'completion' | 'confusion';

export const pictureWords = {
  boundary: { label: 'Boundary', help: words.boundary.help },
  samples: {
    label: 'Samples',
    help: 'The same test images for all three networks, each with the class that the network predicts. A ring marks a wrong one.',
  },
  draw: {
    label: 'Draw',
    help: 'Draw an image of your own and see what each network takes it for, also while it trains.',
  },
  completion: {
    label: 'Completion',
    help: 'Type a prompt and see how each network goes on with it, also while it trains.',
  },
  confusion: { label: 'Confusion', help: words.confusion.help },
} as const satisfies Record<PictureKind, { label: string; help: string }>;

const pictures = {
  boundary: FieldPictures,
  samples: SamplePictures,
  draw: DrawPictures,
  completion: CompletionPictures,
  confusion: ConfusionPictures,
} satisfies Record<PictureKind, () => ReactNode>;

/** What is worth a file of its own: not what the person has just typed or drawn. */
export const isSaved = (kind: PictureKind): boolean => kind !== 'draw' && kind !== 'completion';

/**
 * What can be drawn of a dataset; a decision field has two colours and so needs two classes. Of text each answer is right or
 * wrong, which makes no matrix.
 */
export function pictureKinds({ view, classes, inputShape }: DatasetInfo): readonly PictureKind[] {
  if (view === 'points' && classes === 2) return ['boundary', 'confusion'];
  if (view === 'text') return ['completion'];
  if (view !== 'images') return ['confusion'];
  // Ink has one channel.
  return inputShape[2] === 1 ? ['samples', 'draw', 'confusion'] : ['samples', 'confusion'];
}

export function Pictures({ kind }: { kind: PictureKind }) {
  const Picture = pictures[kind];
  return <Picture />;
}
