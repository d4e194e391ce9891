/** One strip of the desk: a layer that rounds. Only the numbers that a snapshot changes are drawn again with it. */
import { memo, useState } from 'react';
import { activationFunctions } from '@/catalog/activations';
import { type Bits, deskBits } from '@/catalog/bits';
import { descriptorOf, type LayerSpec, siteAt } from '@/catalog/layers';
import {
  deployedAt,
  quantizerAt,
  type SiteName,
  siteBits,
  storedBits,
  tensorKindOf,
  type WeightSiteName,
} from '@/catalog/quantizers';
import type { ResolvedLayer } from '@/experiment/network';
import type { LayerSize } from '@/experiment/size';
import { useAnalysis } from '@/store/analysis';
import { useLive } from '@/store/live';
import { bytes, count, decibels, figures, points, short } from '../format';
import { help } from '../Term';
import { type ArcPiece, Arcs } from './Arcs';
import { DeployMark } from './DeployMark';
import styles from './Desk.module.css';
import { MiniHistogram } from './MiniHistogram';
import { NameButton, stripProps } from './NameButton';
import { SiteCells } from './SiteCells';
import { SiteChips } from './SiteChips';
import { Node, Wire } from './Wire';

interface Props {
  name: string;
  layer: ResolvedLayer;
  spec: LayerSpec;
  size: LayerSize;
  /** Bytes of the largest layer in float32: the length of the bars. */
  largest: number;
  /** Bits of the wire that comes in. */
  incoming: Bits;
  last: boolean;
  selected: boolean;
  arcs: readonly ArcPiece[];
}

const onDesk = (bits: Bits) => (deskBits as readonly Bits[]).includes(bits);

/** The weights of a layer: of several the first. */
const weightsOf = (names: readonly SiteName[]): WeightSiteName | undefined =>
  names.includes('weights')
    ? 'weights'
    : (names.find((name) => tensorKindOf(name) === 'weights') as WeightSiteName | undefined);

/** The width that the weights have learned so far. */
function LearnedWidth({ name }: { name: string }) {
  const width = useLive((live) => live.layers[name]?.sites.weights?.parameters.bits);
  if (width === undefined) return null;
  return (
    <b
      className={styles.other}
      {...help(
        `The weights’ width is learned: ${figures(width)} now, stored in ${storedBits(width)} bits each.`,
      )}
    >
      W {figures(width, 2)} learned
    </b>
  );
}

export const LayerStrip = memo(
  function LayerStrip({ name, layer, spec, size, largest, incoming, last, selected, arcs }: Props) {
    const [open, setOpen] = useState(false);
    const all = layer.sites.map((each) => ({ name: each, site: siteAt(spec, each)! }));
    const weights = weightsOf(layer.sites);
    // The sites that a strip always shows: the weights and the output.
    const isMain = (site: SiteName) => site === weights || site === 'activations';
    const more = all.filter((each) => !isMain(each.name));
    const shown = all.filter((each) => isMain(each.name) || open);
    const widths = all.map((each) => ({ ...each, bits: siteBits(each.name, each.site) }));
    // Widths that the cells do not have.
    const others = widths
      .filter(({ bits }) => !onDesk(bits))
      .map((each) => `${tensorKindOf(each.name) === 'weights' ? 'W' : 'A'} ${each.bits}`);
    const rounding = widths.filter(({ bits }) => bits !== 32).map((each) => deployedAt(each.name, each.site));
    const activation = 'activation' in spec ? spec.activation : 'linear';
    const weightBits = widths.find((each) => each.name === weights)?.bits;
    const summary = descriptorOf(spec).summary(spec, layer.inputShape, layer.outputShape);
    const outgoing = widths.at(-1)?.bits ?? incoming;
    const { label, help: text } = activationFunctions[activation];
    const packed = help(
      `${count(size.weights)} B weights, ${count(size.biases)} B biases, ${count(size.scales)} B scales, packed. Outline: the same layer in float32.`,
    );
    if (!weights)
      return (
        <article className={`${styles.strip} ${styles.light}`} {...stripProps(name, selected)}>
          <Node />
          <Wire bits={incoming} end="in" />
          {!last && <Wire bits={outgoing} end="out" />}
          <Arcs pieces={arcs} />
          <div className={styles.names}>
            <h3 {...help(descriptorOf(spec).help)}>
              <NameButton name={name} selected={selected} />{' '}
              {activation !== 'linear' && <small {...help(text)}>{label}</small>}
              <DeployMark descriptors={rounding} />
            </h3>
          </div>
          <p className={styles.middle} {...help(descriptorOf(spec).help)}>
            {summary}
            {others.length > 0 && <b className={styles.other}>{others.join(', ')} bits</b>}
          </p>
          <div className={styles.cells}>
            {shown.map((each) => (
              <SiteCells key={each.name} layer={name} name={each.name} site={each.site} main />
            ))}
          </div>
          <div className={styles.cost}>
            <Sqnr name={name} weights={undefined} site={undefined} activations={outgoing} />
          </div>
        </article>
      );
    return (
      <article className={styles.strip} {...stripProps(name, selected)}>
        <Node />
        <Wire bits={incoming} end="in" />
        {!last && <Wire bits={outgoing} end="out" />}
        <Arcs pieces={arcs} />
        <div className={styles.names}>
          <h3>
            <NameButton name={name} selected={selected} />{' '}
            {activation !== 'linear' && <small {...help(text)}>{label}</small>}
            <DeployMark descriptors={rounding} />
          </h3>
          <p {...help(descriptorOf(spec).help)}>
            {summary}
            {others.length > 0 && <b className={styles.other}>{others.join(', ')} bits</b>}
            {all.some((each) => quantizerAt(each.name, each.site).learnsBits) && <LearnedWidth name={name} />}
          </p>
          <p
            {...help(
              `${count(layer.parameters)} parameters, ${count(layer.macs)} multiply-accumulates for one example.`,
            )}
          >
            {short(layer.parameters)} par · {short(layer.macs)} MAC
          </p>
        </div>
        <MiniHistogram name={name} site={weights} bits={weightBits} />
        <div className={styles.cells}>
          {shown.map((each) => (
            <SiteCells
              key={each.name}
              layer={name}
              name={each.name}
              site={each.site}
              main={isMain(each.name)}
            />
          ))}
          {more.length > 0 && (
            <SiteChips layer={name} inside={more} open={open} onToggle={() => setOpen(!open)} />
          )}
        </div>
        <div className={styles.cost}>
          <Sqnr name={name} weights={weightBits} site={weights} activations={outgoing} />
          <div className={styles.bar} aria-hidden="true" {...packed}>
            <i style={{ width: `${(100 * size.float) / largest}%` }} />
            <i style={{ width: `${(100 * size.total) / largest}%` }} />
          </div>
          <div {...packed}>
            <span>{bytes(size.total)}</span>
            <span>of {bytes(size.float)}</span>
          </div>
          <Sensitivity name={name} />
        </div>
      </article>
    );
  },
  // `layer` and `size` are made anew with every setting; their contents decide.
  (a, b) => JSON.stringify(a) === JSON.stringify(b),
);

/** How much the loss minds the layer as it is rounded now, once that was measured; the longest bar is the worst layer's. */
function Sensitivity({ name }: { name: string }) {
  const sensitivity = useAnalysis((state) => state.sensitivity);
  const own = sensitivity?.layers.find((layer) => layer.name === name);
  if (!sensitivity || !own) return null;
  const { loss, accuracy } = own.present;
  const most = Math.max(...sensitivity.layers.map(({ present }) => present.loss), 1e-9);
  return (
    <div
      className={styles.sensitivity}
      {...help(
        `Sensitivity, measured at step ${count(sensitivity.step)}: this layer alone, rounded as it was then, ${loss < 0 ? 'lowers' : 'raises'} the loss by ${figures(Math.abs(loss), 2)} nats and moves accuracy by ${points(-accuracy)}.`,
      )}
    >
      <i style={{ width: `${(100 * Math.max(0, loss)) / most}%` }} />
    </div>
  );
}

interface SqnrProps {
  name: string;
  /** Absent where the layer has no weights. */
  weights: Bits | undefined;
  site: WeightSiteName | undefined;
  activations: Bits;
}

function Sqnr({ name, weights, site, activations }: SqnrProps) {
  const w = useLive((live) => site && live.layers[name]?.sites[site]?.sqnrDb);
  const a = useLive((live) => live.layers[name]?.sites.activations?.sqnrDb);
  const shown = (bits: Bits, value: number | undefined) =>
    bits === 32 ? 'float' : value === undefined ? '–' : decibels(value);
  return (
    <div {...help('Signal-to-quantization-noise ratio of the rounded weights, and of the rounded output.')}>
      <b>{weights !== undefined && shown(weights, w)}</b>
      <span>A {shown(activations, a)}</span>
    </div>
  );
}
