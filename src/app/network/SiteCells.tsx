/** The bits of one site of a layer. */
import { memo, useCallback } from 'react';
import type { Bits } from '@/catalog/bits';
import {
  type AnySite,
  quantizerAt,
  type SiteName,
  siteBits,
  sites,
  tensorKindOf,
} from '@/catalog/quantizers';
import { edit } from '@/store/editing';
import { BitCells } from '../controls/BitCells';
import { help } from '../Term';
import styles from './Desk.module.css';
import { widthReason } from './quantizers';

interface Props {
  layer: string;
  name: SiteName;
  site: AnySite;
  /** Needs no label: the strip's own weights or output. */
  main: boolean;
}

export const SiteCells = memo(function SiteCells({ layer, name, site, main }: Props) {
  const { short, label, help: text } = sites[name];
  const quantizer = quantizerAt(name, site);
  const choose = useCallback(
    (bits: Bits) => edit([{ kind: 'bits', layer, site: name, bits }]),
    [layer, name],
  );
  return (
    <div>
      {short && !main && (
        <small className={styles.site} {...help(text)}>
          {label}
        </small>
      )}
      <BitCells
        sign={tensorKindOf(name) === 'weights' ? 'W' : 'A'}
        of={short ? `${layer} ${short}` : layer}
        value={siteBits(name, site)}
        widths={quantizer.bits}
        reason={widthReason(quantizer)}
        onChoose={choose}
      />
    </div>
  );
});
