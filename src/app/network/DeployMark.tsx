/** What becomes of a rounding once it is trained: integers, or a simulation only. */
import type { QuantizerDescriptor } from '@/catalog/quantizers';
import { help } from '../Term';
import styles from './Desk.module.css';
import { deployHelp } from './quantizers';

const short = { integer: 'int', 'simulation only': 'sim' } as const satisfies Record<
  QuantizerDescriptor['deploysTo'],
  string
>;

/** Of several, simulation only if one is. Nothing where nothing is rounded. */
export function DeployMark({ descriptors }: { descriptors: readonly QuantizerDescriptor[] }) {
  const telling = descriptors.find(({ deploysTo }) => deploysTo !== 'integer') ?? descriptors[0];
  if (!telling) return null;
  return (
    <small
      role="img"
      aria-label={telling.deploysTo === 'integer' ? 'deploys to integer' : 'simulation only'}
      className={styles.deploy}
      data-deploys={telling.deploysTo}
      {...help(deployHelp(telling))}
    >
      {short[telling.deploysTo]}
    </small>
  );
}
