/** Spread of a layer's latent weights: orange negative, blue positive, full colour where they are clipped. */
import type { Bits } from '@/catalog/bits';
import { coarseBits, type WeightSiteName } from '@/catalog/quantizers';
import { words } from '@/catalog/words';
import { useLive } from '@/store/live';
import { help } from '../Term';
import { bars } from './bars';
import styles from './Desk.module.css';

const width = 100;
const height = 44;

interface Props {
  name: string;
  /** The weights shown: of several the first. */
  site: WeightSiteName;
  bits: Bits | undefined;
}

export function MiniHistogram({ name, site, bits }: Props) {
  const weights = useLive((live) => live.layers[name]?.sites[site]);
  return (
    <div className={styles.spread}>
      <svg
        className={styles.mini}
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram of the latent weights of ${name}`}
      >
        {weights?.histogram &&
          Number.isFinite(weights.histogram.min + weights.histogram.max) &&
          Object.entries(bars(weights.histogram, weights.clippedShare, width, height - 3)).map(
            ([kind, path]) => <path key={kind} data-kind={kind} d={path} />,
          )}
        <path className={styles.axis} d={`M0 ${height - 2.5}H${width}M${width / 2} ${height - 2.5}v2.5`} />
      </svg>
      {bits !== undefined && bits <= coarseBits && <Oscillating share={weights?.oscillation?.share ?? 0} />}
    </div>
  );
}

/** The share of weights from which the desk speaks of it. */
const noticed = 0.01;

function Oscillating({ share }: { share: number }) {
  if (share <= noticed) return null;
  return (
    <small {...help(words.oscillating.help)}>
      <span aria-hidden="true">⇄</span> {Math.round(100 * share)} %<span className="sr"> oscillating</span>
    </small>
  );
}
