/** Accuracy of all runs against what they cost, with the front of those that no other run beats. A point restores its run. */
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { Line, LineChart, usePlotArea, useXAxisScale, useYAxisScale, XAxis, YAxis } from 'recharts';
import { common } from '@/experiment/differences';
import { restore } from '@/store/runs/actions';
import { useRuns } from '@/store/runs/runs';
import { useWorkspace } from '@/store/workspace';
import { ChartMenu } from '../charts/ChartMenu';
import { percent, percentNumber } from '../format';
import { help } from '../Term';
import { type CostAxis, costAxes, costAxisKeys } from './axes';
import styles from './Pareto.module.css';
import { accuracyAxis, labelsBelow, logAxis, paretoFront } from './pareto';
import { usePresentRow } from './present';
import type { Row } from './rows';
import { useRows } from './useRows';

interface Mark {
  row: Row;
  x: number;
  y: number;
  /** On the front. */
  best: boolean;
}

const margins = { top: 10, right: 16, bottom: 0, left: 0 };
const full = { width: '100%', height: '100%' };

/** A square with its numeral where all weights have one width, a diamond where they differ. */
function Shape({ bits }: { bits: number | undefined }) {
  if (bits === undefined) return <path d="M0-6 6 0 0 6-6 0Z" className={styles.mixed} />;
  return (
    <g data-b={bits}>
      <rect x="-7" y="-7" width="14" height="14" rx="2" className={styles.square} />
      <text y="3.6" className={styles.numeral}>
        {bits}
      </text>
    </g>
  );
}

interface MarksProps {
  marks: readonly Mark[];
  present: Mark | null;
  /** Cost of the float network, and its accuracy. */
  float: { y: number } | null;
  axis: CostAxis;
}

/** What is drawn in the plot: plain shapes, a tenth of the time of recharts' own. */
function Marks({ marks, present, float, axis }: MarksProps) {
  const toX = useXAxisScale();
  const toY = useYAxisScale();
  const plot = usePlotArea();
  const pointed = useRuns((state) => state.pointed);
  const [focused, setFocused] = useState(0);
  const group = useRef<SVGGElement>(null);
  if (!toX || !toY || !plot) return null;
  const bottom = plot.y + plot.height;
  const place = ({ x, y }: { x: number; y: number }) => ({
    left: toX(x) ?? plot.x,
    top: Math.min(bottom, Math.max(plot.y, toY(y) ?? bottom)),
    below: (toY(y) ?? bottom) > bottom + 0.5,
  });
  const front = marks.filter(({ best }) => best).map(place);
  const path = front.map(({ left, top }, i) => (i === 0 ? `M${left} ${top}` : `H${left}V${top}`)).join('');
  const places = marks.map(place);
  const labels = labelsBelow(
    places.map(({ left, below }, i) => ({ left, below, value: marks[i]!.y })),
    plot.x + plot.width,
  );
  const current = Math.min(focused, marks.length - 1);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const mark = marks[current];
    if ((event.key === 'Enter' || event.key === ' ') && mark) {
      event.preventDefault();
      void restore(mark.row.id);
    }
    if (by === undefined) return;
    event.preventDefault();
    const next = (current + by + marks.length) % marks.length;
    setFocused(next);
    (group.current?.querySelectorAll('[role="button"]')[next] as SVGGElement | undefined)?.focus();
  };
  const point = (id: string | null) => useRuns.setState({ pointed: id });
  const floatY = float && toY(float.y);
  return (
    <>
      {float && floatY !== undefined && floatY !== null && floatY >= plot.y && floatY <= bottom && (
        <>
          <path d={`M${plot.x} ${floatY}h${plot.width}`} className={styles.float} />
          <text x={plot.x + 4} y={floatY < plot.y + 12 ? floatY + 12 : floatY - 4} className={styles.note}>
            float {percent(float.y)}
          </text>
        </>
      )}
      {front.length > 0 && (
        <path d={`${path}H${plot.x + plot.width}`} className={styles.front} data-testid="front" />
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the buttons within */}
      <g ref={group} onKeyDown={move}>
        {marks.map((mark, i) => {
          const { left, top, below } = places[i]!;
          const label = labels.get(i);
          const { row } = mark;
          const shown = row.runs.some(({ id }) => id === pointed);
          const words = `${row.name}: ${percent(mark.y)}, ${axis.text(mark.x)}${mark.best ? ', on the front' : ''}`;
          return (
            // biome-ignore lint/a11y/useSemanticElements: a button cannot stand in a picture
            <g
              key={row.id}
              role="button"
              tabIndex={i === current ? 0 : -1}
              aria-label={words}
              className={styles.point}
              data-best={mark.best}
              data-pointed={shown}
              transform={`translate(${left} ${top})`}
              onClick={() => void restore(row.id)}
              onFocus={() => {
                setFocused(i);
                point(row.id);
              }}
              onBlur={() => point(null)}
              onPointerEnter={() => point(row.id)}
              onPointerLeave={() => point(null)}
              {...help(`${words}. Press to restore this run.`)}
            >
              <circle r="12" className={styles.target} />
              {row.qat.spread > 0 && !below && (
                <path
                  d={`M0 ${(toY(mark.y + row.qat.spread) ?? top) - top}V${Math.min(bottom - top, (toY(mark.y - row.qat.spread) ?? top) - top)}`}
                  className={styles.spread}
                />
              )}
              <Shape bits={common(row.weightBits)} />
              {label && (
                <text
                  x={label.flip ? -11 : 11}
                  y="4"
                  textAnchor={label.flip ? 'end' : 'start'}
                  className={styles.note}
                >
                  {label.text}
                </text>
              )}
            </g>
          );
        })}
      </g>
      {present && <Present mark={present} place={place(present)} right={plot.x + plot.width} axis={axis} />}
    </>
  );
}

interface PresentProps {
  mark: Mark;
  place: { left: number; top: number; below: boolean };
  right: number;
  axis: CostAxis;
}

/** The run at hand: a ring with a dot and its numbers beside it. */
function Present({ mark, place, right: edge, axis }: PresentProps) {
  const flip = place.left > edge - 150;
  return (
    <g className={styles.present} transform={`translate(${place.left} ${place.top})`}>
      <circle r="7" />
      <circle r="3" className={styles.dot} />
      <text x={flip ? -12 : 12} y="-6" textAnchor={flip ? 'end' : 'start'}>
        this run {percent(mark.y)}, {axis.text(mark.x)}
      </text>
    </g>
  );
}

const asPercent = (value: number) =>
  percentNumber(value, Number.isInteger(Math.round(value * 1000) / 10) ? 0 : 1);

export default function Pareto() {
  const rows = useRows();
  const now = usePresentRow();
  const key = useWorkspace((state) => state.paretoAxis);
  const axis: CostAxis = costAxes[key];
  const { marks, present, x, y, float } = useMemo(() => {
    const placed = (row: Row) => ({ row, x: axis.value(row) ?? Number.NaN, y: row.qat.mean });
    const drawable = rows.map(placed).filter((one) => one.x > 0);
    const front = new Set(paretoFront(drawable));
    // In order of cost, so that the arrow keys walk from left to right.
    const all = drawable
      .map((one, i): Mark => ({ ...one, best: front.has(i) }))
      .sort((a, b) => a.x - b.x || a.y - b.y);
    const mine = now && { ...placed(now), best: false };
    const here = mine && mine.x > 0 ? mine : null;
    const drawn = here ? [...all, here] : all;
    const best = Math.max(...drawn.map(({ row }) => row.float.mean));
    const costs = drawn.map((one) => one.x);
    return {
      marks: all,
      present: here,
      float: drawn.length > 0 ? { y: best } : null,
      x: logAxis(costs, axis.unit?.(Math.max(1, ...costs))),
      y: accuracyAxis([...drawn.map((one) => one.y), ...(drawn.length > 0 ? [best] : [])]),
    };
  }, [rows, now, axis]);
  const grid = useMemo(() => ({ ticks: y.ticks }), [y.ticks]);
  return (
    <figure className={styles.pareto}>
      <figcaption className={styles.head}>
        <b>{axis.title}</b>
        <span className="hint">{axis.note}</span>
        <span className="grow" />
        <ChartMenu name={axis.title} inline />
        <select
          aria-label="Accuracy against"
          value={key}
          onChange={(event) =>
            useWorkspace.setState({
              paretoAxis: costAxisKeys.find((one) => one === event.target.value) ?? 'size',
            })
          }
        >
          {costAxisKeys.map((one) => (
            <option key={one} value={one}>
              {costAxes[one].label}
            </option>
          ))}
        </select>
      </figcaption>
      <div className={styles.plot}>
        {marks.length === 0 && !present ? (
          <p className={styles.empty}>
            Train, then pin runs: their accuracies stand here against what they cost.
          </p>
        ) : (
          <div>
            <LineChart
              responsive
              style={full}
              margin={margins}
              className={styles.chart}
              accessibilityLayer={false}
            >
              <XAxis
                type="number"
                dataKey="x"
                scale="log"
                domain={x.domain}
                ticks={x.ticks}
                allowDataOverflow
                niceTicks="none"
                height={18}
                interval="preserveStartEnd"
                tickLine={false}
                axisLine={false}
                tickMargin={4}
                tickFormatter={axis.tick ?? axis.text}
              />
              <YAxis
                width={36}
                domain={y.domain}
                ticks={grid.ticks}
                allowDataOverflow
                niceTicks="none"
                interval={0}
                tickLine={false}
                axisLine={false}
                tickMargin={4}
                tickFormatter={asPercent}
              />
              <Grid ticks={grid.ticks} />
              <Line dataKey="y" hide />
              <Marks marks={marks} present={present} float={float} axis={axis} />
            </LineChart>
          </div>
        )}
      </div>
    </figure>
  );
}

function Grid({ ticks }: { ticks: readonly number[] }) {
  const toY = useYAxisScale();
  const plot = usePlotArea();
  if (!toY || !plot) return null;
  return (
    <path
      d={ticks.map((tick) => `M${plot.x} ${Math.round(toY(tick) ?? 0)}h${plot.width}`).join('')}
      className={styles.grid}
    />
  );
}
