/** One chart of the three curves over the steps: accuracy or loss, with the markers of changes. */
import { memo } from 'react';
import {
  CartesianGrid,
  Line,
  LineChart,
  ReferenceLine,
  Tooltip,
  usePlotArea,
  useXAxisScale,
  useYAxisScale,
  XAxis,
  YAxis,
} from 'recharts';
import { type NetworkName, networks } from '@/session/protocol';
import { count } from '../format';
import { spread } from './axis';
import styles from './Chart.module.css';
import type { Break, CurveRow, Metric } from './curveRows';
import { LineSample } from './LineSample';
import lines from './lines.module.css';
import { layoutLabels, type Marker } from './markers';
import { networkWords } from './networkWords';

/** Left of and right of every plot, so that the strip of bits between two charts shares their x axis. */
export const gutter = 44;
export const margin = 38;
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
  /** Accuracy carries the marker labels and the names at the line ends, the lower chart the steps. */
  upper: boolean;
  stepTicks: number[];
}

function MarkerLabels({ markers }: { markers: Marker[] }) {
  const scale = useXAxisScale();
  const plot = usePlotArea();
  if (!scale || !plot) return null;
  const right = plot.x + plot.width + margin;
  const labels = layoutLabels(markers, (step) => scale(step) ?? 0, right, textWidth);
  return labels.map((label) => (
    <text key={label.markers[0]?.step} x={label.x} y={plot.y - 7} className={styles.flag}>
      <title>
        {label.markers.map(({ step, full }) => `Step ${count(step)}: ${full.join(', ')}`).join('\n')}
      </title>
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
    <g key={network} className={styles.break} transform={`translate(${toX(step)} ${toY(value)})`}>
      <title>{`${networkWords[network].label} has no finite value after step ${count(step)}`}</title>
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

export const Chart = memo(function Chart(props: Props) {
  const { metric, title, rows, last, domain, ticks, format, inWords, markers, breaks, upper } = props;
  return (
    <LineChart
      data={rows}
      responsive
      className={styles.chart}
      style={{ width: '100%', height: '100%' }}
      margin={{ top: upper ? 20 : 6, right: margin, bottom: upper ? 3 : 0, left: 0 }}
      syncId="steps"
      syncMethod="value"
      title={title}
    >
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="step"
        type="number"
        domain={[0, last]}
        allowDataOverflow
        ticks={props.stepTicks}
        hide={upper}
        height={16}
        interval="preserveStartEnd"
        tickLine={false}
        axisLine={false}
        tickMargin={3}
        tickFormatter={(step: number) => (step === 0 ? 'step 0' : count(step))}
      />
      <YAxis
        width={gutter}
        domain={domain}
        allowDataOverflow
        ticks={ticks}
        interval={0}
        tickLine={false}
        axisLine={false}
        tickMargin={4}
        tickFormatter={format}
      />
      {markers.map(({ step }) => (
        <ReferenceLine key={step} x={step} stroke="var(--ink-3)" strokeDasharray="2 2" />
      ))}
      {networks.map((network) => (
        <Line
          key={network}
          dataKey={(row: CurveRow) => row[metric][network]}
          name={networkWords[network].label}
          className={lines[network]}
          type="linear"
          dot={false}
          activeDot={{ r: 2.5, className: styles[network], strokeWidth: 0 }}
          isAnimationActive={false}
          connectNulls={false}
        />
      ))}
      <Breaks breaks={breaks} />
      {upper && <MarkerLabels markers={markers} />}
      {upper && <LineEnds row={rows.at(-1)} metric={metric} />}
      <Tooltip
        isAnimationActive={false}
        cursor={{ className: styles.cursor }}
        content={<Tip metric={metric} inWords={inWords} markers={markers} rows={rows} />}
      />
    </LineChart>
  );
});
