/**
 * The precision timeline under the accuracy curve: bits of every layer over the steps, and below them a lane of handles,
 * one for each moment of the plan and each change made by hand. A handle is dragged along the steps, or moved by arrow keys.
 */
import { useElementSize } from '@mantine/hooks';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { type Handle, handlesOf, type Timeline as Moments, withRecorded } from '@/experiment/timeline';
import { changeTimeline } from '@/store/editing';
import { useExperiment } from '@/store/experiment';
import { spread } from '../results/axis';
import { BitStrip } from '../results/BitStrip';
import { bitPlan } from '../results/bitPlan';
import { help } from '../Term';
import { Knob } from './Knob';
import { PlanButton } from './PlanButton';
import styles from './Timeline.module.css';

interface Props {
  /** Step at the right edge. */
  last: number;
  /** Step that the run has come to. */
  reached: number;
}

/** A change is taken when no key was pressed for so long. */
const settleMs = 600;
/** Knobs are 15 px wide. */
const knobGap = 17;

const sides = { weights: 'Weight', activations: 'Activation' } as const;

/** A timeline that is being changed: shown at once, taken when the hand lets go. */
function useDraft() {
  const experiment = useExperiment((state) => state.experiment);
  const [draft, setDraft] = useState<Moments | null>(null);
  const pending = useRef<Moments | null>(null);
  /** What it was made from: a width may be toggled while a hand is on a handle. */
  const base = useRef<Moments>(experiment);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const set = (next: Moments | null) => {
    pending.current = next;
    setDraft(next);
  };
  const take = () => {
    clearTimeout(timer.current);
    const next = pending.current;
    set(null);
    const from = base.current;
    if (next) changeTimeline((now) => withRecorded(next, from, now), 'The timeline has changed.');
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    shown: useMemo(() => {
      if (!draft) return experiment;
      const { plan: _, ...rest } = experiment;
      return { ...rest, ...draft };
    }, [draft, experiment]),
    /** Shows a change; `later` takes it when the keys rest. */
    change(next: Moments, later: boolean) {
      if (!pending.current) base.current = useExperiment.getState().experiment;
      set(next);
      clearTimeout(timer.current);
      if (later) timer.current = setTimeout(take, settleMs);
    },
    take,
    cancel() {
      clearTimeout(timer.current);
      set(null);
    },
    isChanging: draft !== null,
  };
}

/** Rows that a handle drives, as a share of the strip. */
function rowsOf({ layers }: Handle, rows: readonly { layer: string }[]) {
  const driven = rows.flatMap(({ layer }, i) => (!layers || layers.includes(layer) ? [i] : []));
  const [first = 0, end = rows.length - 1] = [driven[0], driven.at(-1)];
  return { top: `${(100 * first) / rows.length}%`, height: `${(100 * (end - first + 1)) / rows.length}%` };
}

export const Timeline = memo(function Timeline({ last, reached }: Props) {
  const [kind, setKind] = useState<keyof typeof sides>('weights');
  const draft = useDraft();
  const { shown } = draft;
  const rows = useMemo(() => bitPlan(shown, last, kind), [shown, last, kind]);
  const handles = useMemo(() => handlesOf(shown), [shown]);
  const { ref, width } = useElementSize();
  const strip = useElementSize();
  // What is not in view stays out of the way; the axis grows with the run.
  const seen = handles.filter(({ step }) => step <= last);
  const steps = seen.map(({ step }) => (width * step) / last);
  // More than there is room for side by side lie on each other.
  const gap = Math.min(knobGap, width / Math.max(1, seen.length - 1));
  const places = width > 0 ? spread(steps, gap, 0, width) : steps;
  const upcoming = handles.some(({ step }) => step > reached);
  return (
    <section className={styles.timeline} aria-label="Precision timeline">
      <div className={styles.strip} ref={strip.ref}>
        <BitStrip rows={rows} last={last} side={sides[kind]} />
        {upcoming && (
          <div className={styles.future} style={{ left: `${(100 * Math.min(reached, last)) / last}%` }} />
        )}
        <button
          type="button"
          className={`quiet ${styles.unit}`}
          aria-label={
            kind === 'weights' ? 'W bits; show those of activations' : 'A bits; show those of weights'
          }
          onClick={() => setKind(kind === 'weights' ? 'activations' : 'weights')}
          {...help(
            'Bits of each layer over the steps, first layer on top. Press for weights or activations.',
          )}
        >
          {kind === 'weights' ? 'W' : 'A'} bits
        </button>
      </div>
      <div
        className={styles.lane}
        ref={ref}
        style={{ '--strip': `${strip.height}px` } as React.CSSProperties}
      >
        <PlanButton />
        {handles.length === 0 && (
          <span className={styles.none}>constant bits; toggle one while it trains, or plan a schedule</span>
        )}
        {seen.map((handle, i) => (
          <Knob
            key={handle.id}
            handle={handle}
            last={last}
            width={width}
            left={places[i]!}
            rows={rowsOf(handle, rows)}
            layers={shown.layers}
            past={handle.step <= reached}
            onChange={draft.change}
            onTake={draft.take}
            onCancel={draft.cancel}
          />
        ))}
      </div>
    </section>
  );
});
