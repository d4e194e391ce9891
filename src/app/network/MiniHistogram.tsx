/** Spread of a layer's latent weights: orange negative, blue positive, full colour where they are clipped. */
import { useLive } from '@/store/live';
import { bars } from './bars';
import styles from './Desk.module.css';

const width = 100;
const height = 44;

export function MiniHistogram({ name }: { name: string }) {
  const weights = useLive((live) => live.layers[name]?.sites.weights);
  return (
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
  );
}
