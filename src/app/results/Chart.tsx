/** One chart of the three curves over the steps: accuracy or loss, with the markers of changes. */
import { memo, useMemo } from 'react';
import { Line, LineChart, Tooltip, usePlotArea, useXAxisScale, useYAxisScale, XAxis, YAxis } from 'recharts';
import { type NetworkName, networks } from '@/session/networkNames';
import { count } from '../format';
import { help } from '../Term';
import { spread } from './axis';
import styles from './Chart.module.css';
import type { Break, CurveRow, Metric } from './curveRows';
import type { Ghost } from './ghosts';
import { LineSample } from './LineSample';
import lines from './lines.module.css';
import { layoutLabels, type Marker } from './markers';
import { networkWords } from './networkWords';

/** Left of and right of every plot, so that the strip of bits between two charts shares their x axis. */
const gutter = 44;
const margin = 38;
/** Width of the chart's name, which stands in the line of the labels. */
const caption = 100;
/** Text of 10.5 px, one line apart. */
const lineHeight = 12;
/** Generous mean width of a character of 10.5 px. */
const characterWidth = 5.7;
const textWidth = (text: string) => text.length * characterWidth;

interface Props {
  metric: Metric;
  /** Accessible name. */
  title: string;
  rows: CurveRow[];
  /** Step at the right edge. */
  last: number;
  domain: [number, number];
  ticks: number[];
  format: (tick: number) => string;
  /** A value with its unit, for the tooltip. */
  inWords: (value: number) => string;
  markers: Marker[];
  breaks: Break[];
  /** Kept runs behind the present one. */
  ghosts?: readonly Ghost[];
  /** Of these, the one that is pointed at. */
  pointed?: string | null;
  /** Accuracy carries the marker labels and the names at the line ends, the lower chart the steps. */
  upper: boolean;
  stepTicks: number[];
}

/** Grid lines and the markers' lines: plain paths, a tenth of the time of recharts' own components. */
function Grid({ ticks, markers }: { ticks: number[]; markers: Marker[] }) {
  const toX = useXAxisScale();
  const toY = useYAxisScale();
  const plot = usePlotArea();
  if (!toX || !toY || !plot) return null;
  const across = ticks.map((tick) => `M${plot.x} ${Math.round(toY(tick) ?? 0)}h${plot.width}`);
  const down = markers.map(({ step }) => `M${toX(step)} ${plot.y}v${plot.height}`);
  return (
    <>
      <path d={across.join('')} className={styles.grid} />
      <path d={down.join('')} className={styles.mark} />
    </>
  );
}

/** QAT's curves of kept runs: plain paths, like the grid; the one that is pointed at stands out and has its name. */
function Ghosts({ ghosts, pointed }: { ghosts: readonly Ghost[]; pointed: string | null }) {
  const toX = useXAxisScale();
  const toY = useYAxisScale();
  const plot = usePlotArea();
  if (!toX || !toY || !plot) return null;
  const [right, bottom] = [plot.x + plot.width, plot.y + plot.height];
  const place = ({ step, accuracy }: Ghost['points'][number]) =>
    [toX(step) ?? plot.x, Math.min(bottom, toY(accuracy) ?? bottom)] as const;
  return ghosts.map(({ id, name, points }) => {
    const places = points.map(place).filter(([x]) => x <= right + 0.5);
    const [x, y] = places.at(-1) ?? [plot.x, bottom];
    return (
      <g key={id} className={styles.ghost} data-pointed={id === pointed} data-ghost={name}>
        <path d={`M${places.map((each) => each.join(' ')).join('L')}`} />
        {id === pointed && places.length > 1 && (
          <text x={x} y={Math.max(plot.y + 9, y - 5)} textAnchor={x > plot.x + 120 ? 'end' : 'start'}>
            {name}
          </text>
        )}
      </g>
    );
  });
}

function MarkerLabels({ markers }: { markers: Marker[] }) {
  const scale = useXAxisScale();
  const plot = usePlotArea();
  if (!scale || !plot) return null;
  const right = plot.x + plot.width + margin;
  const labels = layoutLabels(markers, (step) => scale(step) ?? 0, caption, right, textWidth);
  return labels.map((label) => (
    <text
      key={label.markers[0]?.step}
      x={label.x}
      y={plot.y - 7}
      className={styles.flag}
      {...help(label.markers.map(({ step, full }) => `Step ${count(step)}: ${full.join(', ')}.`).join(' '))}
    >
      {label.text}
    </text>
  ));
}

function LineEnds({ row, metric }: { row: CurveRow | undefined; metric: Metric }) {
  const scale = useYAxisScale();
  const plot = usePlotArea();
  if (!scale || !plot || !row) return null;
  const ends = networks.flatMap((network) => {
    const value = row[metric][network];
    return value === null ? [] : [{ network, y: scale(value) ?? plot.y }];
  });
  const places = spread(
    ends.map(({ y }) => y),
    lineHeight,
    plot.y,
    plot.y + plot.height,
  );
  return ends.map(({ network }, i) => (
    <text
      key={network}
      x={plot.x + plot.width + 5}
      y={places[i]! + 4}
      className={`${styles.end} ${styles[network]}`}
    >
      {networkWords[network].label}
    </text>
  ));
}

function Breaks({ breaks }: { breaks: Break[] }) {
  const toX = useXAxisScale();
  const toY = useYAxisScale();
  if (!toX || !toY) return null;
  return breaks.map(({ network, step, value }) => (
    <g
      key={network}
      className={styles.break}
      transform={`translate(${toX(step)} ${toY(value)})`}
      {...help(`${networkWords[network].label} has no finite value after step ${count(step)}.`)}
    >
      <path d="M-5-5 5 5M-5 5 5-5" />
    </g>
  ));
}

interface TipProps extends Pick<Props, 'metric' | 'inWords' | 'markers' | 'rows'> {
  active?: boolean;
  payload?: readonly { payload?: CurveRow }[];
}

function Tip({ active, payload, metric, inWords, markers, rows }: TipProps) {
  const row = payload?.[0]?.payload;
  if (!active || !row) return null;
  const before = rows[rows.indexOf(row) - 1]?.step ?? -1;
  const changes = markers.filter(({ step }) => step > before && step <= row.step);
  return (
    <div className={styles.tip}>
      <b>Step {count(row.step)}</b>
      {networks.map((network: NetworkName) => {
        const value = row[metric][network];
        return (
          <div key={network}>
            <LineSample network={network} />
            {networkWords[network].label}
            <span>{value === null ? '–' : inWords(value)}</span>
          </div>
        );
      })}
      {changes.map(({ step, full }) => (
        <small key={step}>{full.length > 4 ? `${full.slice(0, 4).join(', ')} …` : full.join(', ')}</small>
      ))}
    </div>
  );
}

// Recharts starts over when a property is a new object or function: these stay the same ones.
const margins = {
  upper: { top: 20, right: margin, bottom: 3, left: 0 },
  lower: { top: 6, right: margin, bottom: 0, left: 0 },
};
const full = { width: '100%', height: '100%' };
const cursor = { className: styles.cursor };
const dot = (network: NetworkName) => ({ r: 2.5, className: styles[network] ?? '', strokeWidth: 0 });
const activeDots = { float: dot('float'), ptq: dot('ptq'), qat: dot('qat') };
const keysOf = (metric: Metric) => ({
  float: (row: CurveRow) => row[metric].float,
  ptq: (row: CurveRow) => row[metric].ptq,
  qat: (row: CurveRow) => row[metric].qat,
});
const keys = { accuracy: keysOf('accuracy'), loss: keysOf('loss') };
const stepLabel = (step: number) => (step === 0 ? 'step 0' : count(step));

export const Chart = memo(function Chart(props: Props) {
  const { metric, title, rows, last, domain, ticks, format, inWords, markers, breaks, upper } = props;
  const steps = useMemo((): [number, number] => [0, last], [last]);
  const tip = useMemo(
    () => <Tip metric={metric} inWords={inWords} markers={markers} rows={rows} />,
    [metric, inWords, markers, rows],
  );
  return (
    <LineChart
      data={rows}
      responsive
      className={styles.chart}
      style={full}
      margin={upper ? margins.upper : margins.lower}
      syncId="steps"
      syncMethod="value"
      title={title}
    >
      <Grid ticks={ticks} markers={markers} />
      {props.ghosts && <Ghosts ghosts={props.ghosts} pointed={props.pointed ?? null} />}
      <XAxis
        dataKey="step"
        type="number"
        domain={steps}
        niceTicks="none"
        allowDataOverflow
        ticks={props.stepTicks}
        hide={upper}
        height={16}
        interval="preserveStartEnd"
        tickLine={false}
        axisLine={false}
        tickMargin={3}
        tickFormatter={stepLabel}
      />
      <YAxis
        width={gutter}
        domain={domain}
        niceTicks="none"
        allowDataOverflow
        ticks={ticks}
        interval={0}
        tickLine={false}
        axisLine={false}
        tickMargin={4}
        tickFormatter={format}
      />
      {networks.map((network) => (
        <Line
          key={network}
          dataKey={keys[metric][network]}
          name={networkWords[network].label}
          className={lines[network]}
          type="linear"
          dot={false}
          activeDot={activeDots[network]}
          isAnimationActive={false}
          connectNulls={false}
        />
      ))}
      <Breaks breaks={breaks} />
      {upper && <MarkerLabels markers={markers} />}
      {upper && <LineEnds row={rows.at(-1)} metric={metric} />}
      <Tooltip isAnimationActive={false} cursor={cursor} content={tip} />
    </LineChart>
  );
});
