/** A layer without weights: nothing is rounded here, so it has no cells, and the wire runs through. */
import { memo } from 'react';
import type { Bits } from '@/catalog/bits';
import { descriptorOf } from '@/catalog/layers';
import type { ResolvedLayer } from '@/experiment/network';
import { help } from '../Term';
import { type ArcPiece, Arcs } from './Arcs';
import styles from './Desk.module.css';
import { Wire } from './Wire';

interface Props {
  layer: ResolvedLayer;
  bits: Bits;
  label: string;
  arcs: readonly ArcPiece[];
}

export const ThinRow = memo(function ThinRow({ layer, bits, label, arcs }: Props) {
  const { spec, name, inputShape, outputShape } = layer;
  const descriptor = descriptorOf(spec);
  return (
    <p className={styles.thin} {...help(descriptor.help)}>
      <Wire bits={bits} end="through" />
      <Arcs pieces={arcs} />
      <b>{name}</b> {label} {descriptor.summary(spec, inputShape, outputShape)}
    </p>
  );
});
