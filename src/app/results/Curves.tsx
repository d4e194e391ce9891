/** Accuracy, bits and loss over the steps: one x axis, one set of markers. Drawn at most four times a second. */
import { useMemo } from 'react';
import { datasetInfo } from '@/catalog/datasets';
import { networks } from '@/session/protocol';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { figures, percent } from '../format';
import { help, Term } from '../Term';
import { accuracyFloor, accuracyTicks, lossCeiling, stepTicks } from './axis';
import { BitStrip } from './BitStrip';
import { bitPlan } from './bitPlan';
import { Chart } from './Chart';
import styles from './Curves.module.css';
import { breaks, curveRows, extreme } from './curveRows';
import { changeMarkers } from './markers';
import { useThrottled } from './useThrottled';

const interval = 250;
/** The axis is at least this long, so that the first steps do not fill it. */
const shortestAxis = 20;
const mostTicks = 4;
const trained = ['float', 'qat'] as const;

const asPercent = (value: number) => String(Math.round(100 * value));
const asNats = (value: number) => figures(value, 2);
const nats = (value: number) => `${figures(value)} nats`;

export function Curves() {
  const points = useThrottled(useLive, (live) => live.points, interval);
  const diverged = useLive((live) => live.divergence?.network);
  const experiment = useExperiment((state) => state.experiment);
  const { classes } = useMemo(() => datasetInfo(experiment.dataset), [experiment.dataset]);
  const rows = useMemo(() => curveRows(points), [points]);
  const reached = rows.at(-1)?.step ?? 0;
  const last = Math.max(reached, shortestAxis);

  const markers = useMemo(
    () => changeMarkers(experiment).filter(({ step }) => step <= reached),
    [experiment, reached],
  );
  const plan = useMemo(() => bitPlan(experiment, last), [experiment, last]);
  const ticks = useMemo(() => stepTicks(last, mostTicks), [last]);
  const floor = accuracyFloor(extreme(rows, 'accuracy', networks, 'min', 1), 1 / classes);
  const ceiling = lossCeiling(extreme(rows, 'loss', trained, 'max', 0), Math.log(classes));
  const accuracy = useMemo(
    () => ({ domain: [floor, 1] as [number, number], ticks: accuracyTicks(floor) }),
    [floor],
  );
  const loss = useMemo(
    () => ({ domain: [0, ceiling] as [number, number], ticks: [0, ceiling / 2, ceiling] }),
    [ceiling],
  );
  const breaksOf = useMemo(
    () => ({ accuracy: breaks(rows, 'accuracy', diverged), loss: breaks(rows, 'loss', diverged) }),
    [rows, diverged],
  );

  return (
    <div className={styles.curves}>
      <figure className={styles.accuracy}>
        <figcaption {...help('Share of the test set classified rightly, over the steps of training.')}>
          Test accuracy <small>%</small>
        </figcaption>
        <div className={styles.plot}>
          <Chart
            metric="accuracy"
            title="Test accuracy over the steps, in percent"
            rows={rows}
            last={last}
            {...accuracy}
            format={asPercent}
            inWords={percent}
            markers={markers}
            breaks={breaksOf.accuracy}
            upper
            stepTicks={ticks}
          />
        </div>
        {reached === 0 && <p className={styles.empty}>Press Train</p>}
      </figure>
      <BitStrip rows={plan} last={last} />
      <figure className={styles.loss}>
        <figcaption>
          <Term name="loss" /> <small>nats</small>
        </figcaption>
        <div className={styles.plot}>
          <Chart
            metric="loss"
            title="Test loss over the steps, in nats"
            rows={rows}
            last={last}
            {...loss}
            format={asNats}
            inWords={nats}
            markers={markers}
            breaks={breaksOf.loss}
            upper={false}
            stepTicks={ticks}
          />
        </div>
      </figure>
    </div>
  );
}
