/** Residual paths beside a row: arcs in the gutter of the wire, as thick and as shaded as the bits that they carry. */
import type { Bits } from '@/catalog/bits';
import { help } from '../Term';
import type { ArcPart } from './blocks';
import styles from './Desk.module.css';
import { thickness } from './Wire';

export interface ArcPiece {
  part: ArcPart;
  lane: number;
  bits: Bits;
  /** "what comes into conv2 is added in add1". */
  what: string;
}

export const Arcs = ({ pieces }: { pieces: readonly ArcPiece[] }) =>
  pieces.map(({ part, lane, bits, what }) => (
    <span
      key={`${lane} ${part}`}
      className={styles.arc}
      data-part={part}
      data-b={bits}
      style={{ '--lane': lane, '--stroke': `${Math.max(1.5, thickness[bits] / 3)}px` } as object}
      aria-hidden="true"
      {...help(`Residual path: ${what}, ${bits === 32 ? 'as float' : `in ${bits} bits`}.`)}
    />
  ));
