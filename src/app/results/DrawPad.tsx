/** A square to draw on, with mouse, finger or pen. Ink is kept as strokes, so that it can be taken back and follows the theme. */
import { type PointerEvent, useEffect, useRef } from 'react';
import { css, readColours, useScheme } from './colours';
import type { Ink } from './drawing';
import styles from './Try.module.css';

/** Pixels of the canvas along one side. */
export const padSide = 280;
/** Width of the pen: two of 28 pixels. */
const penWidth = padSide / 13;

/** Places in pixels of the canvas, and the pen's width there. */
export type Stroke = readonly { x: number; y: number; width: number }[];

/** An image to draw on. */
export interface Ground {
  /** [height x width], ink 1. */
  values: Float32Array;
  height: number;
  width: number;
}

interface Props {
  label: string;
  strokes: readonly Stroke[];
  ground: Ground | null;
  /** A stroke is finished. */
  onStroke(stroke: Stroke): void;
  /** The ink has changed, also in the middle of a stroke; null where nothing was drawn. */
  onInk(read: (() => Ink) | null): void;
}

function paintGround(
  context: CanvasRenderingContext2D,
  { values, height, width }: Ground,
  ink: readonly number[],
) {
  const small = new OffscreenCanvas(width, height);
  const pixels = new Uint8ClampedArray(4 * width * height);
  values.forEach((value, i) => {
    pixels.set([ink[0]!, ink[1]!, ink[2]!, 255 * value], 4 * i);
  });
  small.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  const side = padSide / Math.max(height, width);
  context.drawImage(
    small,
    (padSide - side * width) / 2,
    (padSide - side * height) / 2,
    side * width,
    side * height,
  );
}

function paintStroke(context: CanvasRenderingContext2D, stroke: Stroke, from = 0): void {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (let i = Math.max(0, from); i < stroke.length; i++) {
    const { x, y, width } = stroke[i]!;
    const before = stroke[i - 1] ?? { x, y };
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(before.x, before.y);
    // A dot is a line too short to see, with round ends.
    context.lineTo(x === before.x && y === before.y ? x + 0.01 : x, y);
    context.stroke();
  }
}

const penOf = (canvas: HTMLCanvasElement | null) => canvas?.getContext('2d', { willReadFrequently: true });

function inkOf(pen: CanvasRenderingContext2D): Ink {
  const { data } = pen.getImageData(0, 0, padSide, padSide);
  const values = Float32Array.from({ length: padSide * padSide }, (_, i) => data[4 * i + 3]! / 255);
  return { values, width: padSide, height: padSide };
}

export function DrawPad({ label, strokes, ground, onStroke, onInk }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<{ x: number; y: number; width: number }[] | null>(null);
  const scheme = useScheme();

  // biome-ignore lint/correctness/useExhaustiveDependencies: the ink follows the scheme
  useEffect(() => {
    const pen = penOf(canvas.current);
    if (!pen) return;
    const { '--ink': ink } = readColours(['--ink']);
    pen.clearRect(0, 0, padSide, padSide);
    if (ground) paintGround(pen, ground, ink);
    pen.strokeStyle = css(ink);
    for (const stroke of strokes) paintStroke(pen, stroke);
    onInk(strokes.length > 0 ? () => inkOf(pen) : null);
  }, [strokes, ground, onInk, scheme]);

  const place = (event: { clientX: number; clientY: number; pressure: number; pointerType: string }) => {
    const box = canvas.current!.getBoundingClientRect();
    const pressure = event.pointerType === 'pen' ? 0.6 + 0.8 * event.pressure : 1;
    return {
      x: ((event.clientX - box.left) / box.width) * padSide,
      y: ((event.clientY - box.top) / box.height) * padSide,
      width: penWidth * pressure,
    };
  };
  const start = (event: PointerEvent<HTMLCanvasElement>) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drawing.current = [];
    extend([event.nativeEvent]);
  };
  const extend = (events: readonly globalThis.PointerEvent[]) => {
    const stroke = drawing.current;
    const pen = penOf(canvas.current);
    if (!stroke || !pen) return;
    const from = stroke.length;
    stroke.push(...events.map(place));
    paintStroke(pen, stroke, from);
    onInk(() => inkOf(pen));
  };
  const move = ({ nativeEvent }: PointerEvent<HTMLCanvasElement>) => {
    if (!drawing.current) return;
    const all = nativeEvent.getCoalescedEvents?.() ?? [];
    extend(all.length > 0 ? all : [nativeEvent]);
  };
  const end = () => {
    const stroke = drawing.current;
    drawing.current = null;
    if (stroke) onStroke(stroke);
  };

  return (
    <canvas
      ref={canvas}
      className={styles.pad}
      width={padSide}
      height={padSide}
      role="img"
      aria-label={label}
      onPointerDown={start}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={end}
    />
  );
}
