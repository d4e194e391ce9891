/** The selected layer: histogram of its values with the grid drawn in, the staircase, and the numbers. */
import type { ReactNode } from 'react';
import { floatFormats } from '@/catalog/formats';
import { isWeighted } from '@/catalog/layers';
import { inputName } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import type { LayerDetail, SiteDetail, SiteHistory } from '@/session/protocol';
import { useSettings } from '@/store/experiment';
import { siteKey, useLive } from '@/store/live';
import { useWorkspace } from '@/store/workspace';
import { percent } from '../format';
import { descriptorAt } from '../network/quantizers';
import { useThrottled } from '../results/useThrottled';
import { help } from '../Term';
import { Choices } from './Choices';
import styles from './Detail.module.css';
import { Facts } from './Facts';
import { isAfterTanh, isFloat, isSign } from './grid';
import { LevelHistogram } from './LevelHistogram';
import { Staircase } from './Staircase';
import { TrapLine } from './TrapLine';

type Side = 'weights' | 'activations';
const sides = { weights: 'Weights', activations: 'Activations' } as const satisfies Record<Side, string>;
/** Histograms are drawn at most four times a second. */
const interval = 250;
/** Not in the same task as the curves. */
const phase = 60;

/** The side asked for if the layer has it (the input row has activations alone). */
const sideOf = (detail: LayerDetail, wanted: Side): Side | undefined =>
  detail[wanted] ? wanted : (Object.keys(sides) as Side[]).find((side) => detail[side]);

const gridWords = (detail: SiteDetail): string => {
  if (isFloat(detail)) return 'float, not rounded';
  if (isSign(detail)) return '1 bit: the sign times a mean';
  const widest = detail.scales > 1 ? `, widest of ${detail.scales}` : '';
  const grid = detail.format ? `${floatFormats[detail.format].label} grid` : `${detail.bits}-bit grid`;
  return `${isAfterTanh(detail) ? 'after tanh, ' : ''}${grid}${widest}`;
};

/** Which side of the grid is clipped: "clipped below 0.2 %, above 1.1 %". */
function clippedWords({ clippedBelow, clippedShare }: SiteDetail): string {
  const above = clippedShare - clippedBelow;
  if (clippedShare === 0) return 'none clipped';
  const sides = [
    ...(clippedBelow > 0 ? [`below ${percent(clippedBelow)}`] : []),
    ...(above > 0 ? [`above ${percent(above)}`] : []),
  ];
  return `clipped ${sides.join(', ')}`;
}

function SideSwitch({ detail, side }: { detail: LayerDetail; side: Side }) {
  return (
    <fieldset className={styles.sides}>
      <legend className="sr">What is shown of {detail.name}</legend>
      {(Object.keys(sides) as Side[]).map((one) => (
        <label key={one}>
          <input
            type="radio"
            name="detail-side"
            checked={one === side}
            disabled={!detail[one]}
            onChange={() => useWorkspace.setState({ side: one })}
          />
          {sides[one]}
        </label>
      ))}
    </fieldset>
  );
}

const Frame = ({ children }: { children: ReactNode }) => (
  <section className={styles.detail} aria-label="Selected layer">
    {children}
  </section>
);

const none: readonly string[] = [];
const noHistory: SiteHistory = [];

/** The numbers with what they were over the run. */
function SideFacts({ name, site, side }: { name: string; site: SiteDetail; side: Side }) {
  const history = useLive((live) => live.histories[siteKey(name, side)]) ?? noHistory;
  const { layers, input } = useSettings();
  const spec = layers[layerNames(layers).indexOf(name)];
  // What is shown may still be of the network before this one.
  const own = spec ? (isWeighted(spec) ? spec[side] : undefined) : name === inputName ? input : undefined;
  const learns = own && descriptorAt(side, own).learns;
  return <Facts detail={site} side={side} history={history} learns={learns ?? none} />;
}

export function Detail() {
  const detail = useThrottled(useLive, (live) => live.detail, interval, phase);
  const wanted = useWorkspace((state) => state.side);
  const side = detail ? sideOf(detail, wanted) : undefined;
  const site = side && detail?.[side];
  if (!detail || !side || !site)
    return (
      <Frame>
        <p className={styles.empty}>Select a layer to look into its weights and activations.</p>
      </Frame>
    );
  const title = `${detail.name} ${side}`;
  if (!Number.isFinite(site.histogram.min + site.histogram.max + site.scale))
    return (
      <Frame>
        <p className={styles.empty}>The {title} are not finite any more.</p>
      </Frame>
    );
  return (
    <Frame>
      <header className={styles.head}>
        <h3>{title}</h3>
        <small
          {...help(
            'Bars: latent values before rounding, orange negative, blue positive. Stems: the share that rounds to each level of the grid.',
          )}
        >
          {gridWords(site)}
        </small>
        {!isFloat(site) && (
          <small
            {...help('Full colour: outside the range of the grid, set to its nearest end. Pale: inside.')}
          >
            <i className={styles.negative} />
            <i className={styles.positive} />
            {clippedWords(site)}
          </small>
        )}
        {side === 'activations' && (
          <small
            {...help('So many values are 0 after ReLU that heights are drawn as square roots of the shares.')}
          >
            heights: square root
          </small>
        )}
        <span className="grow" />
        <SideSwitch detail={detail} side={side} />
      </header>
      <Choices layer={detail.name} side={side} />
      <figure className={styles.histogram}>
        <LevelHistogram title={title} detail={site} side={side} />
      </figure>
      <figure className={styles.stairs}>
        <Staircase title={title} detail={site} side={side} />
      </figure>
      <SideFacts name={detail.name} site={site} side={side} />
      <TrapLine layer={detail.name} />
    </Frame>
  );
}
