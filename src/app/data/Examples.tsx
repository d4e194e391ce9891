/** The first training examples: images as a grid, text line by line. Points are drawn by the result, rows of a table nowhere. */
import { type ReactNode, useEffect, useRef } from 'react';
import { type DatasetView, datasetInfo, type TextInfo } from '@/catalog/datasets';
import { answerOf, promptOf } from '@/data/text';
import type { Preview } from '@/session/protocol';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { readColours, useScheme } from '../results/colours';
import { imagePixels } from '../results/sampleGrid';
import { help } from '../Term';
import styles from './Examples.module.css';

const grid = { columns: 8, rows: 2 };
const mostLines = 5;
/** Pixels of an example between two images. */
const gap = 1;

interface ExamplesProps {
  preview: Preview;
  text: TextInfo | undefined;
}

function Images({ preview: { train, shape, classNames } }: ExamplesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useScheme();
  const [height = 1, width = 1, channels = 1] = shape;
  const shown = Math.min(train.count, grid.columns * grid.rows);
  const rows = Math.ceil(shown / grid.columns);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours follow the scheme
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const colours = readColours(['--well', '--ink']);
    const unit = train.x instanceof Uint8Array ? 255 : 1;
    for (let index = 0; index < shown; index++) {
      const from = index * height * width * channels;
      const pixels = imagePixels(train.x, from, shape, colours['--well'], colours['--ink'], 1 / unit);
      const column = index % grid.columns;
      const row = Math.floor(index / grid.columns);
      context.putImageData(
        new ImageData(pixels, width, height),
        column * (width + gap),
        row * (height + gap),
      );
    }
  }, [train, shape, shown, scheme]);
  const names = Array.from(train.y.subarray(0, shown), (label) => classNames[label] ?? String(label));
  return (
    <canvas
      ref={canvas}
      className={styles.images}
      width={grid.columns * (width + gap) - gap}
      height={Math.max(1, rows * (height + gap) - gap)}
      role="img"
      aria-label={`The first training images: ${names.join(', ')}`}
      {...help(`The first training images: ${names.join(', ')}.`)}
    />
  );
}

function Lines({ preview: { train }, text }: ExamplesProps) {
  if (!text) return null;
  const { length } = text;
  const lines = Array.from({ length: Math.min(train.count, mostLines) }, (_, row) => {
    const ids = train.x.subarray(row * length, (row + 1) * length);
    return { prompt: promptOf(text, ids), answer: answerOf(text, ids) };
  });
  return (
    <ul
      className={styles.lines}
      aria-label="The first training examples"
      {...help(
        'The first training examples. Pale is the prompt, which is given; dark the answer, which the network learns to write.',
      )}
    >
      {lines.map(({ prompt, answer }) => (
        <li key={prompt}>
          {prompt}
          <b>{answer}</b>
        </li>
      ))}
    </ul>
  );
}

const pictures: Record<DatasetView, (props: ExamplesProps) => ReactNode> = {
  images: Images,
  text: Lines,
  points: () => null,
  table: () => null,
};

export function Examples() {
  const dataset = useExperiment(({ experiment }) => experiment.dataset);
  const preview = useLive((live) => live.preview);
  const { view, inputShape, text } = datasetInfo(dataset);
  // Between a new dataset and its first examples the preview is that of the old one.
  if (!preview || preview.shape.join() !== inputShape.join()) return null;
  const Picture = pictures[view];
  return <Picture preview={preview} text={text} />;
}
