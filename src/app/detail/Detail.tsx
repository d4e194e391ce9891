/** The selected layer: histogram of its values with the grid drawn in, the staircase, and the numbers. */
import type { ReactNode } from 'react';
import { floatFormats } from '@/catalog/formats';
import { siteAt } from '@/catalog/layers';
import {
  idleReason,
  quantizerAt,
  type SiteName,
  scaleOwner,
  siteNames,
  sites,
  tensorKindOf,
  type WeightSite,
} from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import type { LayerDetail, SiteDetail, SiteHistory } from '@/session/protocol';
import { useSettings } from '@/store/experiment';
import { siteKey, useLive } from '@/store/live';
import { shownLayer } from '@/store/worker';
import { useWorkspace } from '@/store/workspace';
import { ChartMenu } from '../charts/ChartMenu';
import { percent } from '../format';
import { useThrottled } from '../results/useThrottled';
import { help } from '../Term';
import { Choices } from './Choices';
import styles from './Detail.module.css';
import { Facts } from './Facts';
import { isAfterTanh, isFloat, isSign } from './grid';
import { LevelHistogram } from './LevelHistogram';
import { Precision } from './Precision';
import selects from './Precision.module.css';
import { Staircase } from './Staircase';
import { TrapLine } from './TrapLine';

/** Histograms are drawn at most four times a second. */
const interval = 250;
/** Not in the same task as the curves. */
const phase = 60;

/** The site asked for if the layer has it (the input row has activations alone), else its first. */
const shownSite = (detail: LayerDetail, wanted: SiteName): SiteName | undefined =>
  detail.sites[wanted] ? wanted : siteNames.find((name) => detail.sites[name]);

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

/** Which site is shown: weights and output side by side, more of them in a list. */
function SiteSwitch({ detail, shown }: { detail: LayerDetail; shown: SiteName }) {
  const there = siteNames.filter((name) => detail.sites[name]);
  const legend = `What is shown of ${detail.name}`;
  if (there.some((name) => sites[name].short !== ''))
    return (
      <select
        className={selects.select}
        aria-label={legend}
        value={shown}
        onChange={(event) => useWorkspace.setState({ site: event.target.value as SiteName })}
      >
        {there.map((name) => (
          <option key={name} value={name}>
            {sites[name].label}
          </option>
        ))}
      </select>
    );
  return (
    <fieldset className={styles.sides}>
      <legend className="sr">{legend}</legend>
      {(['weights', 'activations'] as const).map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="detail-side"
            checked={name === shown}
            disabled={!detail.sites[name]}
            onChange={() => useWorkspace.setState({ site: name })}
          />
          {sites[name].label}
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
function SiteFacts({ layer, name, detail }: { layer: string; name: SiteName; detail: SiteDetail }) {
  const history = useLive((live) => live.histories[siteKey(layer, name)]) ?? noHistory;
  const { layers, input } = useSettings();
  const spec = layers[layerNames(layers).indexOf(layer)];
  // What is shown may still be of the network before this one.
  const own = spec ? siteAt(spec, name) : layer === inputName ? input : undefined;
  const learns = own && quantizerAt(name, own).learns;
  return (
    <Facts
      detail={detail}
      side={tensorKindOf(name)}
      history={history}
      learns={learns ?? none}
      owner={own ? scaleOwner(name, own) : ''}
      idle={(own && tensorKindOf(name) === 'weights' && idleReason(own as WeightSite)) || ''}
    />
  );
}

export function Detail() {
  const detail = useThrottled(useLive, (live) => live.detail, interval, phase);
  const wanted = useWorkspace((state) => state.site);
  const { layers } = useSettings();
  const selected = shownLayer(
    useWorkspace((state) => state.selected),
    layers,
  );
  const name = detail ? shownSite(detail, wanted) : undefined;
  const site = name && detail?.sites[name];
  if (!detail || !name || !site)
    return (
      <Frame>
        <p className={styles.empty}>Looking into {selected} …</p>
      </Frame>
    );
  const side = tensorKindOf(name);
  const title = `${detail.name} ${sites[name].short || side}`;
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
            <i className={styles.negative} data-signed />
            <i className={styles.positive} data-signed />
            {clippedWords(site)}
          </small>
        )}
        {name === 'activations' && (
          <small
            {...help('So many values are 0 after ReLU that heights are drawn as square roots of the shares.')}
          >
            heights: square root
          </small>
        )}
        <span className="grow" />
        <Precision layer={detail.name} />
        <SiteSwitch detail={detail} shown={name} />
      </header>
      <Choices layer={detail.name} shown={name} />
      <figure className={styles.histogram}>
        <LevelHistogram title={title} detail={site} side={side} />
        <ChartMenu name={title} />
      </figure>
      <figure className={styles.stairs}>
        <Staircase title={title} detail={site} side={side} />
        <ChartMenu name={`Staircase of ${title}`} />
      </figure>
      <SiteFacts layer={detail.name} name={name} detail={site} />
      <TrapLine layer={detail.name} />
    </Frame>
  );
}
