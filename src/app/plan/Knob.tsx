/** One handle of the timeline: its line through the rows that it drives, and a knob in the lane below. */
import { type KeyboardEvent, type PointerEvent, useRef } from 'react';
import type { LayerSpec } from '@/catalog/layers';
import { type Handle, moved, nextWidth, type Timeline } from '@/experiment/timeline';
import { count } from '../format';
import { changeMarkers } from '../results/markers';
import { help } from '../Term';
import styles from './Timeline.module.css';

interface Props {
  handle: Handle;
  /** Step at the right edge, and pixels of the lane. */
  last: number;
  width: number;
  /** Where the knob stands, in pixels; its line stands at the step. */
  left: number;
  rows: { top: string; height: string };
  layers: readonly LayerSpec[];
  /** The run has passed it: to move it starts the run over. */
  past: boolean;
  onChange(next: Timeline, later: boolean): void;
  onTake(): void;
  onCancel(): void;
}

/** Steps that an arrow key moves by: a round hundredth of the axis. */
export function grain(last: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, last / 100)));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => last / step <= 100) ?? 1;
}

/** What it says, in words: "Stepwise, all layers, weights: these bits from here on". */
function wordsOf({ made, words }: Handle, layers: readonly LayerSpec[]): string {
  if (!made) return words;
  const [marker] = changeMarkers({ changes: [...made], layers: [...layers] });
  return `${words}: ${marker?.label ?? ''}`;
}

export function Knob({ handle, last, width, left, rows, layers, past, onChange, onTake, onCancel }: Props) {
  const { step, bits, sign } = handle;
  const from = useRef<{ x: number; step: number; handle: Handle } | null>(null);
  const words = wordsOf(handle, layers);
  const coarse = grain(last);

  const press = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, step, handle };
  };
  const drag = (event: PointerEvent) => {
    const start = from.current;
    if (!start || width === 0) return;
    const wanted = start.step + ((event.clientX - start.x) * last) / width;
    const snapped = coarse * Math.round(Math.min(wanted, last) / coarse);
    if (snapped !== step) onChange(moved(start.handle, snapped), false);
  };
  const release = () => {
    if (from.current) onTake();
    from.current = null;
  };
  const key = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    const wider = { ArrowUp: 1, ArrowDown: -1 }[event.key] as 1 | -1 | undefined;
    if (by !== undefined) {
      const grid = event.shiftKey ? 1 : coarse;
      const to = event.shiftKey ? step + by : grid * Math.round(step / grid + by);
      onChange(moved(handle, to), true);
    } else if (wider !== undefined) {
      const next = nextWidth(handle, wider);
      if (next !== undefined && handle.widen) onChange(handle.widen(next), true);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      onChange(handle.remove(), false);
      onTake();
    } else if (event.key === 'Enter') onTake();
    else if (event.key === 'Escape') onCancel();
    else return;
    event.preventDefault();
  };
  const value = `step ${count(step)}${bits === undefined ? '' : `, ${bits} bits`}`;
  const share = `${(100 * step) / last}%`;
  const pointer = {
    onPointerDown: press,
    onPointerMove: drag,
    onPointerUp: release,
    onPointerCancel: () => {
      from.current = null;
      onCancel();
    },
  };
  return (
    <span className={styles.handle} data-past={past}>
      <span className={styles.rows}>
        <i className={styles.stem} style={{ left: share, ...rows }} {...pointer} />
      </span>
      <span
        role="slider"
        tabIndex={0}
        aria-label={words}
        aria-orientation="horizontal"
        aria-valuemin={handle.least}
        aria-valuemax={handle.most}
        aria-valuenow={step}
        aria-valuetext={value}
        className={styles.knob}
        data-b={bits}
        data-made={handle.made !== undefined}
        style={{ left }}
        onKeyDown={key}
        onBlur={onTake}
        {...pointer}
        {...help(
          `${words}. ${value[0]!.toUpperCase()}${value.slice(1)}. Drag, or arrow keys: left and right move it (Shift: by one step)${handle.widen ? ', up and down change the bits' : ''}, Delete takes it away.${past ? ' The run has passed it: a change starts the run over.' : ''}`,
        )}
      >
        {bits ?? sign}
      </span>
    </span>
  );
}
