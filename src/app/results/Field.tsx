/** Decision field of one network with test points on it; wrong ones have a ring of ink. */
import { useCallback } from 'react';
import type { Preview } from '@/session/protocol';
import { percent } from '../format';
import { Canvas } from './Canvas';
import { css, readColours } from './colours';
import styles from './Field.module.css';
import { cellUnder, colourField, fieldRamp, fromPicture, sampleIndices, toPicture } from './fieldPicture';

/** Most points drawn in one picture. */
const maxPoints = 400;
const radius = 2.2;

/** A place in the data's units. */
export interface Place {
  x: number;
  y: number;
}

interface Props {
  /** "Float", "PTQ", "QAT". */
  name: string;
  field: Uint8Array | undefined;
  size: number;
  extent: number;
  test: Preview['test'];
  /** Predicted classes of the test set; empty until there are any. */
  predicted: Uint8Array | undefined;
  classNames: readonly string[];
  /** Under the pointer in any of the three pictures. */
  cursor: Place | null;
  onCursor: (place: Place | null) => void;
}

type Picture = Pick<Props, 'field' | 'size' | 'extent' | 'test' | 'predicted'>;

function drawField(context: CanvasRenderingContext2D, side: number, picture: Picture): void {
  const { field, size, extent, test, predicted } = picture;
  const colours = readColours(['--panel', '--well', '--ink', '--neg', '--pos']);
  context.fillStyle = css(colours['--well']);
  context.fillRect(0, 0, side, side);
  if (field) {
    const ramp = fieldRamp(colours['--neg'], colours['--panel'], colours['--pos']);
    const small = new OffscreenCanvas(size, size);
    small.getContext('2d')?.putImageData(new ImageData(colourField(field, ramp), size, size), 0, 0);
    context.imageSmoothingQuality = 'high';
    context.drawImage(small, 0, 0, side, side);
  }
  // While it trains, large test sets are judged in part: what is not judged is not wrong.
  const isWrong = (index: number) => predicted?.[index] !== undefined && predicted[index] !== test.y[index];
  const indices = sampleIndices(test.count, maxPoints);
  // Wrong ones last, so that no right one covers a ring.
  for (const wrong of [false, true])
    for (const index of indices) {
      if (isWrong(index) !== wrong) continue;
      const [x, y] = toPicture(test.x[2 * index]!, test.x[2 * index + 1]!, extent, side);
      context.beginPath();
      context.arc(x, y, wrong ? radius + 0.4 : radius, 0, 2 * Math.PI);
      context.fillStyle = css(colours[test.y[index] === 0 ? '--neg' : '--pos']);
      context.fill();
      context.lineWidth = wrong ? 1.4 : 0.7;
      context.strokeStyle = css(colours[wrong ? '--ink' : '--panel']);
      context.stroke();
    }
}

export function Field(props: Props) {
  const { name, field, size, extent, test, predicted, classNames, cursor, onCursor } = props;
  const known = predicted && predicted.length > 0 ? predicted : undefined;
  const draw = useCallback(
    (context: CanvasRenderingContext2D, side: number) =>
      drawField(context, side, { field, size, extent, test, predicted: known }),
    [field, size, extent, test, known],
  );
  const [left, top] = cursor ? toPicture(cursor.x, cursor.y, extent, 100) : [0, 0];
  const value = field && cursor ? field[cellUnder(left, top, 100, size)]! / 255 : undefined;
  const winner = value !== undefined && value < 0.5 ? 0 : 1;
  return (
    <Canvas
      label={`Decision field, ${name}: background by predicted class, dots are test points, wrong ones ringed`}
      draw={draw}
      onPoint={(place) => {
        if (!place) return onCursor(null);
        const [x, y] = fromPicture(place.x, place.y, extent, place.side);
        onCursor({ x, y });
      }}
    >
      {cursor && (
        <i className={styles.cross} style={{ left: `${left}%`, top: `${top}%` }} aria-hidden="true" />
      )}
      {value !== undefined && (
        <output className={styles.readout} aria-live="off">
          {classNames[winner] ?? winner} {percent(winner === 1 ? value : 1 - value, 0)}
        </output>
      )}
      {!field && <span className={styles.empty}>no field yet</span>}
    </Canvas>
  );
}
