/** Test images with one network's predictions beside them; wrong ones have a ring of ink. */
import { useCallback, useState } from 'react';
import type { Preview } from '@/session/protocol';
import { Canvas } from './Canvas';
import { css, readColours } from './colours';
import styles from './Samples.module.css';
import { imagePixels, type Layout, labelCharacters, sampleLayout, sampleUnder } from './sampleGrid';

interface Props {
  name: string;
  preview: Preview;
  /** Indices of test samples, the same in all three grids; more than fit. */
  order: readonly number[];
  predicted: Uint8Array | undefined;
}

function drawSamples(
  context: CanvasRenderingContext2D,
  side: number,
  { preview, order, predicted }: Omit<Props, 'name'>,
): void {
  const { test, shape, classNames } = preview;
  const [rows = 1, columns = 1, channels = 1] = shape;
  const colours = readColours(['--panel', '--well', '--ink', '--ink-3']);
  const layout = sampleLayout(side, classNames);
  const size = Math.min(layout.height - 4, layout.width - layout.label - 3);
  const scale = Math.min(size / columns, size / rows);
  const small = new OffscreenCanvas(columns, rows);
  const smallContext = small.getContext('2d');
  const perUnit = test.x instanceof Uint8Array ? 1 / 255 : 1;
  context.fillStyle = css(colours['--panel']);
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = 'high';
  context.textBaseline = 'middle';
  order.slice(0, layout.rows * layout.columns).forEach((index, cell) => {
    const x = (cell % layout.columns) * layout.width + 2;
    const y = Math.floor(cell / layout.columns) * layout.height + 2;
    const pixels = imagePixels(
      test.x,
      index * rows * columns * channels,
      shape,
      colours['--well'],
      colours['--ink'],
      perUnit,
    );
    smallContext?.putImageData(new ImageData(pixels, columns, rows), 0, 0);
    context.drawImage(small, x, y, columns * scale, rows * scale);
    const guess = predicted?.[index];
    if (guess === undefined) return;
    const wrong = guess !== test.y[index];
    if (wrong) {
      context.lineWidth = 1.6;
      context.strokeStyle = css(colours['--ink']);
      context.beginPath();
      context.roundRect(x - 0.5, y - 0.5, columns * scale + 1, rows * scale + 1, 3);
      context.stroke();
    }
    context.fillStyle = css(colours[wrong ? '--ink' : '--ink-3']);
    context.font = `${wrong ? '700 12px' : '11px'} ${getComputedStyle(document.body).fontFamily}`;
    context.fillText(
      (classNames[guess] ?? String(guess)).slice(0, labelCharacters),
      x + size + 3,
      y + size / 2,
    );
  });
}

export function Samples({ name, preview, order, predicted }: Props) {
  const known = predicted && predicted.length > 0 ? predicted : undefined;
  const draw = useCallback(
    (context: CanvasRenderingContext2D, side: number) =>
      drawSamples(context, side, { preview, order, predicted: known }),
    [preview, order, known],
  );
  const [under, setUnder] = useState<number | null>(null);
  const { classNames, test } = preview;
  const className = (label: number | undefined) => classNames[label ?? -1] ?? '?';
  return (
    <Canvas
      label={`Test samples, ${name}: the predicted class beside each image, wrong ones ringed`}
      draw={draw}
      onPoint={(place) => {
        const layout: Layout | null = place && sampleLayout(place.side, classNames);
        setUnder(place && layout ? (order[sampleUnder(place.x, place.y, layout)] ?? null) : null);
      }}
    >
      {under !== null && (
        <output className={styles.readout} aria-live="off">
          true {className(test.y[under])}
          {known?.[under] !== undefined && `, predicted ${className(known[under])}`}
        </output>
      )}
    </Canvas>
  );
}
