/**
 * Accuracy, bits and loss over the steps: one x axis, one set of markers. Each chart is drawn at most four times a
 * second, the two of them in turns, so that no single task is long.
 */
import { useMemo } from 'react';
import { datasetInfo } from '@/catalog/datasets';
import { planEnd } from '@/experiment/plan';
import type { Experiment } from '@/experiment/schema';
import { networks } from '@/session/networkNames';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { namesOf, useRuns } from '@/store/runs/runs';
import { ChartMenu } from '../charts/ChartMenu';
import { figures, percent } from '../format';
import { Timeline } from '../plan/Timeline';
import { help, Term } from '../Term';
import { curvesAsCsv } from '../toolbar/exports';
import { accuracyFloor, accuracyTicks, lossCeiling, settled, stepTicks } from './axis';
import { Chart } from './Chart';
import styles from './Curves.module.css';
import { breaks, curveRows, extreme, type Metric } from './curveRows';
import { ghostsOf, lastStep } from './ghosts';
import { timelineMarkers } from './markers';
import { useThrottled } from './useThrottled';

const interval = 250;
/** The axis is at least this long, so that the first steps do not fill it. */
const shortestAxis = 20;
const mostTicks = 4;
const trained = ['float', 'qat'] as const;

const asPercent = (value: number) => String(Math.round(100 * value));
const asNats = (value: number) => figures(value, 2);
const percentInWords = (value: number) => percent(value);
const natsInWords = (value: number) => `${figures(value)} nats`;

/** Planned steps have some room after them. */
const room = 1.15;
function plannedLength(experiment: Experiment): number {
  const end = Math.max(planEnd(experiment), experiment.changes.at(-1)?.step ?? 0);
  if (end === 0) return 0;
  return Math.max(Math.ceil(room * end), Math.min(experiment.stop.steps ?? 0, 4 * end));
}

/** Accuracy has no axis of steps of its own: the loss below it has. Between the two are the bits. */
const allCurves = (figure: HTMLElement) => {
  const curves = figure.parentElement!;
  const [accuracy, loss] = curves.querySelectorAll('svg.recharts-surface');
  const bits = curves.querySelector('[data-bits]');
  return [
    accuracy && { chart: accuracy, title: 'Test accuracy, %' },
    bits && { chart: bits, title: `${bits.getAttribute('data-bits')} bits` },
    loss && { chart: loss, title: 'Test loss, nats' },
  ].filter((part) => part != null);
};

const asCsv = () => curvesAsCsv(useLive.getState().points);

/** What both charts take: the curves so far, the step axis and its markers. */
function useCurves(metric: Metric, phase: number) {
  const points = useThrottled(useLive, (live) => live.points, interval, phase);
  const diverged = useLive((live) => live.divergence?.network);
  const experiment = useExperiment((state) => state.experiment);
  const rows = useMemo(() => curveRows(points), [points]);
  const reached = rows.at(-1)?.step ?? 0;
  // The axis holds the kept curves too: a run that starts over grows beneath them.
  const kept = useRuns((state) => lastStep(state.runs));
  // And what is planned, so that it can be seen and taken hold of before it comes.
  const planned = useMemo(() => plannedLength(experiment), [experiment]);
  const last = Math.max(reached, kept, planned, shortestAxis);
  const all = useMemo(() => timelineMarkers(experiment), [experiment]);
  // In a replay some changes are still to come.
  const due = all.filter(({ step }) => step <= reached).length;
  return {
    reached,
    metric,
    rows,
    last,
    markers: useMemo(() => all.slice(0, due), [all, due]),
    breaks: useMemo(() => breaks(rows, metric, diverged), [rows, metric, diverged]),
    stepTicks: useMemo(() => stepTicks(last, mostTicks), [last]),
  };
}

const useClasses = () => useExperiment(({ experiment }) => datasetInfo(experiment.dataset).classes);

/** Kept curves behind the present ones. */
function useGhosts() {
  const runs = useRuns((state) => state.runs);
  const pointed = useRuns((state) => state.pointed);
  const ghosts = useMemo(() => ghostsOf(runs, namesOf(runs), pointed), [runs, pointed]);
  return { ghosts, pointed };
}

function AccuracyChart() {
  const { reached, ...curves } = useCurves('accuracy', 0);
  const behind = useGhosts();
  const idle = useLive((live) => live.state === 'paused') && reached === 0;
  const classes = useClasses();
  const floor = accuracyFloor(
    extreme(settled(curves.rows), 'accuracy', networks, 'min', Number.POSITIVE_INFINITY),
    1 / classes,
  );
  const axis = useMemo(
    () => ({ domain: [floor, 1] as [number, number], ticks: accuracyTicks(floor) }),
    [floor],
  );
  return (
    <>
      <figure className={styles.accuracy}>
        <figcaption {...help('Share of the test set classified rightly, over the steps of training.')}>
          Test accuracy <small>%</small>
        </figcaption>
        <div className={styles.plot}>
          <Chart
            {...curves}
            {...behind}
            {...axis}
            title="Test accuracy over the steps, in percent"
            format={asPercent}
            inWords={percentInWords}
            upper
          />
        </div>
        {idle && <p className={styles.empty}>Press Train</p>}
        <ChartMenu name="Test accuracy" csv={asCsv} parts={allCurves} />
      </figure>
      <Timeline last={curves.last} reached={reached} />
    </>
  );
}

function LossChart() {
  const { reached: _, ...curves } = useCurves('loss', interval / 2);
  const classes = useClasses();
  const ceiling = lossCeiling(extreme(curves.rows, 'loss', trained, 'max', 0), Math.log(classes));
  const axis = useMemo(
    () => ({ domain: [0, ceiling] as [number, number], ticks: [0, ceiling / 2, ceiling] }),
    [ceiling],
  );
  return (
    <figure className={styles.loss}>
      <figcaption>
        <Term name="loss" /> <small>nats</small>
      </figcaption>
      <div className={styles.plot}>
        <Chart
          {...curves}
          {...axis}
          title="Test loss over the steps, in nats"
          format={asNats}
          inWords={natsInWords}
          upper={false}
        />
      </div>
      <ChartMenu name="Test loss" csv={asCsv} />
    </figure>
  );
}

export function Curves() {
  return (
    <div className={styles.curves}>
      <AccuracyChart />
      <LossChart />
    </div>
  );
}
