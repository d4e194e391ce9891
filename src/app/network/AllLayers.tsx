/** The strip that speaks to all layers at once, with the totals. */
import type { Bits } from '@/catalog/bits';
import type { LayerSpec } from '@/catalog/layers';
import type { TensorKind } from '@/catalog/quantizers';
import type { ResolvedLayer } from '@/experiment/network';
import type { ModelSize } from '@/experiment/size';
import { edit } from '@/store/editing';
import { BitCells } from '../controls/BitCells';
import { bytes, bytesHelp, count, figures, short } from '../format';
import { help, Term, wordHelp } from '../Term';
import styles from './Desk.module.css';
import { commonBits, editsForAll } from './layers';
import { commonChoice, quantizersOf, widthReason } from './quantizers';

interface Props {
  layers: readonly LayerSpec[];
  resolved: readonly ResolvedLayer[];
  size: ModelSize;
}

export function AllLayers({ layers, resolved, size }: Props) {
  const sum = (key: 'parameters' | 'macs') => resolved.reduce((total, layer) => total + layer[key], 0);
  const ratio = size.float / size.total;
  const weights = commonBits(layers, 'weights');
  const activations = commonBits(layers, 'activations');
  // Where all layers have one quantizer of fixed width, the strip for all offers no other either.
  const kindOf = (site: TensorKind) => {
    const kind = commonChoice(layers, site, 'quantizer');
    const descriptor = kind === undefined ? undefined : quantizersOf(site)[kind];
    return { widths: descriptor?.bits, reason: descriptor && widthReason(descriptor) };
  };
  const choose = (site: TensorKind) => (bits: Bits) => edit(editsForAll(layers, site, bits));
  const note = [
    ['W', weights],
    ['A', activations],
  ].map(([sign, bits]) => `${sign} ${bits === undefined ? 'mixed' : bits === 32 ? 'float' : bits}`);
  return (
    <article className={`${styles.strip} ${styles.all}`}>
      <div className={styles.names}>
        <h3>All layers</h3>
        <p>
          <Term name="parameters">{count(sum('parameters'))} parameters</Term>
        </p>
        <p>
          <Term name="macs">{short(sum('macs'))} MACs</Term>
        </p>
      </div>
      <p className={styles.middle}>
        {note.map((line) => (
          <span key={line}>
            {line}
            <br />
          </span>
        ))}
        32 = float
      </p>
      <div className={styles.cells}>
        <BitCells
          sign="W"
          of="all layers"
          value={weights}
          {...kindOf('weights')}
          onChoose={choose('weights')}
        />
        <div
          {...help(
            'Sets the output of every layer but the last, whose logits stay as they are. The input has its own row.',
          )}
        >
          <BitCells
            sign="A"
            of="all layers"
            value={activations}
            {...kindOf('activations')}
            onChoose={choose('activations')}
          />
        </div>
      </div>
      <div className={styles.cost}>
        <div>
          <b {...help(bytesHelp)}>{bytes(size.total)}</b>
          <span {...help('The same network in float32: 4 bytes for each weight and bias.')}>
            of {bytes(size.float)}
          </span>
        </div>
        <div>
          <span {...wordHelp('modelSize')}>
            {figures(Math.max(ratio, 1 / ratio), 2)}× {ratio >= 1 ? 'smaller' : 'larger'}
          </span>
          <Term name="bops">{short(size.bops)} BOPs</Term>
        </div>
      </div>
    </article>
  );
}
