/** A square canvas as wide as its column, drawn anew when its size, the theme or `draw` changes. */
import { useElementSize } from '@mantine/hooks';
import { type PointerEvent, type ReactNode, useEffect, useRef } from 'react';
import styles from './Canvas.module.css';
import { useScheme } from './colours';

/** @param side of the square in CSS pixels */
export type Draw = (context: CanvasRenderingContext2D, side: number) => void;

interface Props {
  /** What the picture shows, in words. */
  label: string;
  /** Memoised: a new function means a new picture. */
  draw: Draw;
  /** Place under the pointer in CSS pixels, or null when it leaves. */
  onPoint?: (place: { x: number; y: number; side: number } | null) => void;
  /** Lies over the picture. */
  children?: ReactNode;
}

export function Canvas({ label, draw, onPoint, children }: Props) {
  const { ref: frame, width } = useElementSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useScheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours that `draw` reads follow the scheme
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || width === 0) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    context.canvas.width = Math.round(width * ratio);
    context.canvas.height = Math.round(width * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(context, width);
  }, [draw, width, scheme]);
  const point = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    onPoint?.({ x: event.clientX - box.left, y: event.clientY - box.top, side: box.width });
  };
  return (
    <div className={styles.frame} ref={frame}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        className={styles.canvas}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => onPoint?.(null)}
      />
      {children}
    </div>
  );
}
