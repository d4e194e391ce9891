/** An image of the person's own: drawn, or a test image changed, and what the three networks take it for. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Attempt, Preview } from '@/session/protocol';
import { useLive } from '@/store/live';
import { dash } from '../format';
import { help } from '../Term';
import { readColours, useScheme } from './colours';
import { columns } from './columns';
import { DrawPad, type Ground, type Stroke } from './DrawPad';
import { centred, type Ink, isLight } from './drawing';
import { networkWords } from './networkWords';
import { Probabilities } from './Probabilities';
import { imagePixels } from './sampleGrid';
import styles from './Try.module.css';
import { useTried } from './useTried';

interface Given {
  strokes: readonly Stroke[];
  /** Index of the test image that it started from. */
  from: number | null;
}
const nothing: Given = { strokes: [], from: null };

/** A test image with ink 1, whatever ground the data have. */
function testImage({ test, shape }: Preview, index: number, light: boolean): Ground {
  const [height = 1, width = 1] = shape;
  const full = test.x instanceof Uint8Array ? 255 : 1;
  const at = index * height * width;
  const values = Float32Array.from(test.x.subarray(at, at + height * width), (value) =>
    light ? 1 - value / full : value / full,
  );
  return { values, height, width };
}

export function DrawPictures() {
  const preview = useLive((live) => live.preview);
  if (preview?.shape.length !== 3) return columns(() => null);
  return <Draw key={preview.shape.join()} preview={preview} />;
}

function Draw({ preview }: { preview: Preview }) {
  const { test, shape, classNames } = preview;
  const [height = 1, width = 1] = shape;
  const light = useMemo(
    () => isLight(preview.train.x, preview.train.x instanceof Uint8Array ? 255 : 1, shape),
    [preview, shape],
  );
  const [{ strokes, from }, setGiven] = useState(nothing);
  const [pixels, setPixels] = useState<Float32Array | null>(null);
  const ground = useMemo(
    () => (from === null || from >= test.count ? null : testImage(preview, from, light)),
    [preview, test, from, light],
  );

  // A pen makes more moves than pictures are drawn: the newest is read once a frame.
  const frame = useRef(0);
  const onInk = useCallback(
    (read: (() => Ink) | null) => {
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(() => {
        // A test image that was not drawn on goes as it is.
        const image = read ? centred(read(), height, width) : ground?.values;
        setPixels(image ? Float32Array.from(image, (value) => (light ? 1 - value : value)) : null);
      });
    },
    [ground, height, width, light],
  );
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  const attempt = useMemo<Attempt | null>(() => pixels && { kind: 'image', pixels }, [pixels]);
  const tried = useTried(attempt);
  const answers = attempt ? tried?.answers : undefined;
  const step = useLive((live) => live.step > 0);
  const choose = (index: number) =>
    setGiven({ strokes: [], from: (index + test.count) % Math.max(1, test.count) });
  const empty = strokes.length === 0 && from === null;

  return (
    <>
      {columns((network) => {
        const answer = answers?.[network];
        return (
          <Probabilities
            name={networkWords[network].label}
            answer={answer?.kind === 'image' ? answer : undefined}
            classNames={classNames}
            waiting={attempt && network === 'ptq' && !step ? 'after the first steps' : dash}
          />
        );
      })}
      <section className={styles.draw} aria-label="Draw an image">
        <div className={styles.frame}>
          <DrawPad
            label={`Drawing area, ${empty ? 'empty' : from === null ? 'drawn on' : `test image ${from + 1}${strokes.length > 0 ? ', drawn on' : ''}`}`}
            strokes={strokes}
            ground={ground}
            onStroke={(stroke) => setGiven((given) => ({ ...given, strokes: [...given.strokes, stroke] }))}
            onInk={onInk}
          />
          {empty && <span>Draw here</span>}
        </div>
        <div className={styles.tools}>
          <div>
            <button type="button" disabled={empty} onClick={() => setGiven(nothing)}>
              Clear
            </button>
            <button
              type="button"
              disabled={strokes.length === 0}
              onClick={() => setGiven((given) => ({ ...given, strokes: given.strokes.slice(0, -1) }))}
            >
              Undo stroke
            </button>
          </div>
          <div
            {...help(
              'Takes an image of the test set as it is, to be drawn on or not: the way without a pointer.',
            )}
          >
            <button type="button" aria-label="Previous test image" onClick={() => choose((from ?? 0) - 1)}>
              ‹
            </button>
            <span>
              {from === null
                ? 'Test image'
                : `Test image ${from + 1}: ${classNames[test.y[from] ?? -1] ?? '?'}`}
            </span>
            <button type="button" aria-label="Next test image" onClick={() => choose((from ?? -1) + 1)}>
              ›
            </button>
          </div>
          <Seen pixels={pixels} shape={shape} />
        </div>
      </section>
    </>
  );
}

/** The image as the networks get it. */
function Seen({ pixels, shape }: { pixels: Float32Array | null; shape: readonly number[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useScheme();
  const [height = 1, width = 1] = shape;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours follow the scheme
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const colours = readColours(['--well', '--ink']);
    const values = pixels ?? new Float32Array(height * width);
    const image = imagePixels(values, 0, shape, colours['--well'], colours['--ink'], 1);
    context.putImageData(new ImageData(image, width, height), 0, 0);
  }, [pixels, shape, height, width, scheme]);
  return (
    <figure
      className={styles.seen}
      {...help(
        `What goes into the networks: the drawing scaled to 20/28 of the image and centred by its mass, as MNIST’s digits are. ${height}×${width} pixels.`,
      )}
    >
      <canvas
        ref={canvas}
        width={width}
        height={height}
        role="img"
        aria-label="The image as the networks get it"
      />
      <figcaption>
        as the networks get it
        <br />
        {height}×{width}, centred
      </figcaption>
    </figure>
  );
}
