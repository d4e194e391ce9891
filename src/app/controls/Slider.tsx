/** A slider with a number that can be typed too. Dragging shows the value; letting go commits it. */
import { useEffect, useRef, useState } from 'react';
import { help } from '../Term';
import styles from './controls.module.css';
import { NumberBox } from './NumberBox';
import { fromPosition, positions, toPosition } from './scale';

interface Props {
  label: string;
  helpText: string;
  value: number;
  min: number;
  max: number;
  integer: boolean;
  /** Only powers of two on the slider; any whole number may be typed. */
  powersOfTwo?: boolean;
  onCommit(value: number): void;
}

export function Slider({ label, helpText, value, min, max, integer, powersOfTwo = false, onCommit }: Props) {
  const field = { min, max, integer, powersOfTwo };
  const [dragged, setDragged] = useState<number | null>(null);
  const ref = useRef<HTMLInputElement>(null);
  const commit = useRef<(position: number) => void>(() => {});
  commit.current = (position) => {
    setDragged(null);
    const next = fromPosition(position, field);
    if (next !== value) onCommit(next);
  };
  // React's onChange is the input event; only the native change event says that the person has let go.
  useEffect(() => {
    const input = ref.current;
    const listener = () => commit.current(Number(input?.value));
    input?.addEventListener('change', listener);
    return () => input?.removeEventListener('change', listener);
  }, []);

  const percent = !integer && max <= 1;
  const present = dragged === null ? value : fromPosition(dragged, field);
  return (
    <div className={styles.slider}>
      <span className={styles.label} {...help(helpText)}>
        {label}
      </span>
      <span className={styles.typed}>
        <NumberBox
          className={styles.bare}
          name={`${label}, typed`}
          called={label}
          value={present}
          min={min}
          max={max}
          integer={integer}
          scale={percent ? 100 : 1}
          onCommit={(next) => next !== undefined && onCommit(next)}
        />
        {percent && <small>%</small>}
      </span>
      <input
        ref={ref}
        type="range"
        aria-label={label}
        aria-valuetext={percent ? `${Number((present * 100).toPrecision(3))} %` : String(present)}
        min={0}
        max={positions(field)}
        step={1}
        value={dragged ?? toPosition(value, field)}
        onChange={(event) => setDragged(Number(event.target.value))}
      />
    </div>
  );
}
