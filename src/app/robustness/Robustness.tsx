/** The Robustness tab: accuracy of the three networks on test examples that get worse by degrees. */
import { useMemo } from 'react';
import { Line, LineChart, XAxis, YAxis } from 'recharts';
import { corruptions } from '@/catalog/corruptions';
import { type NetworkName, networks } from '@/session/networkNames';
import { useAnalysis } from '@/store/analysis';
import shared from '../allocate/Allocate.module.css';
import { Measuring } from '../allocate/Measuring';
import { ChartMenu } from '../charts/ChartMenu';
import { count, percentNumber, points, pointsNumber } from '../format';
import { LineSample } from '../results/LineSample';
import lines from '../results/lines.module.css';
import { networkWords } from '../results/networkWords';
import { help } from '../Term';
import { accuracyFrom, levelText } from './axis';
import styles from './Robustness.module.css';

const helpText =
  'Pauses, makes the test examples worse by degrees and asks all three networks. Rounding is itself a noise: what was trained with it often bears more.';

const margins = { top: 6, right: 14, bottom: 0, left: 0 };
const full = { width: '100%', height: '100%' };
const asPercent = (value: number) => String(Math.round(100 * value));

export default function Robustness() {
  const robustness = useAnalysis((state) => state.robustness);
  const floor = useMemo(
    () =>
      accuracyFrom(
        (robustness?.corruptions ?? []).flatMap(({ points: all }) =>
          all.flatMap((point) => networks.map((network) => point[network])),
        ),
      ),
    [robustness],
  );
  if (!robustness)
    return (
      <div className={shared.allocate}>
        <div className={shared.first}>
          <p>
            A network that was rounded after training may fail sooner when its inputs get worse than one that
            was trained rounded. Try it with noise, and images also with blur, lost contrast and rotation.
          </p>
          <Measuring what="robustness" label="Measure robustness" helpText={helpText} step={undefined} />
        </div>
      </div>
    );
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.head}>
        <Measuring what="robustness" label="Measure robustness" helpText={helpText} step={robustness.step} />
        <span className="hint">
          step {count(robustness.step)}, {count(robustness.examples)} test examples, accuracy in %
        </span>
        <span className="grow" />
        {networks.map((network) => (
          <span key={network} className={styles.key}>
            <LineSample network={network} /> {networkWords[network].label}
          </span>
        ))}
      </figcaption>
      <div className={styles.plots}>
        {robustness.corruptions.map((corruption) => (
          <Plot key={corruption.name} corruption={corruption} floor={floor} />
        ))}
      </div>
    </figure>
  );
}

type Corruption = NonNullable<ReturnType<typeof useAnalysis.getState>['robustness']>['corruptions'][number];

function Plot({ corruption, floor }: { corruption: Corruption; floor: number }) {
  const { label, unit, help: words } = corruptions[corruption.name];
  const rows = corruption.points;
  const text = levelText(unit);
  const last = rows.at(-1)!;
  const falls = (network: NetworkName) => last[network] - rows[0]![network];
  const domain = useMemo((): [number, number] => [0, last.level], [last.level]);
  const ticks = useMemo(() => [0, last.level / 2, last.level], [last.level]);
  const [accuracy, accuracyTicks] = useMemo(
    () => [[floor, 1] as [number, number], [floor, (1 + floor) / 2, 1]],
    [floor],
  );
  return (
    <section className={styles.plot} aria-label={label} data-chart>
      <h3>
        <span {...help(words)}>{label}</span>{' '}
        <small {...help(`At ${text(last.level)}: accuracy against that on clean examples.`)}>
          QAT {pointsNumber(falls('qat'))}, PTQ {points(falls('ptq'))}
        </small>
      </h3>
      <div className={styles.chart}>
        <div>
          <LineChart
            data={rows}
            responsive
            style={full}
            margin={margins}
            title={`${label}: accuracy in percent`}
            accessibilityLayer={false}
          >
            <XAxis
              dataKey="level"
              type="number"
              domain={domain}
              ticks={ticks}
              niceTicks="none"
              height={18}
              tickLine={false}
              axisLine={false}
              tickMargin={4}
              tickFormatter={text}
            />
            <YAxis
              width={30}
              domain={accuracy}
              ticks={accuracyTicks}
              niceTicks="none"
              tickLine={false}
              axisLine={false}
              tickMargin={4}
              tickFormatter={asPercent}
            />
            {networks.map((network) => (
              <Line
                key={network}
                dataKey={network}
                name={networkWords[network].label}
                className={lines[network] ?? ''}
                type="linear"
                dot={false}
                activeDot={false}
                isAnimationActive={false}
              />
            ))}
          </LineChart>
        </div>
      </div>
      <ChartMenu name={`Accuracy under ${label.toLowerCase()}`} />
      <table className="sr" aria-label={`Accuracy under ${label.toLowerCase()}`}>
        <thead>
          <tr>
            <th scope="col">{label}</th>
            {networks.map((network) => (
              <th key={network} scope="col">
                {networkWords[network].label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.level}>
              <th scope="row">{text(row.level)}</th>
              {networks.map((network) => (
                <td key={network}>{percentNumber(row[network])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
