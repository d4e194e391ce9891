/** What becomes of a rounding once it is trained: integers, floats made of integers, or a simulation only. */
import type { QuantizerDescriptor } from '@/catalog/quantizers';
import { help } from '../Term';
import styles from './Desk.module.css';
import { deployHelp } from './quantizers';

/** From the least that can become of one to the most. */
const fates = {
  'simulation only': { short: 'sim', name: 'simulation only' },
  'float arithmetic': { short: 'float', name: 'deploys to float arithmetic' },
  integer: { short: 'int', name: 'deploys to integer' },
} as const satisfies Record<QuantizerDescriptor['deploysTo'], object>;
const order = Object.keys(fates);

/** Of several, that which can become the least. Nothing where nothing is rounded. */
export function DeployMark({ descriptors }: { descriptors: readonly QuantizerDescriptor[] }) {
  const [telling] = descriptors.toSorted((a, b) => order.indexOf(a.deploysTo) - order.indexOf(b.deploysTo));
  if (!telling) return null;
  return (
    <small
      role="img"
      aria-label={fates[telling.deploysTo].name}
      className={styles.deploy}
      data-deploys={telling.deploysTo}
      {...help(deployHelp(telling))}
    >
      {fates[telling.deploysTo].short}
    </small>
  );
}
