/** Eight cells, one per bit-width: native radio inputs, so that arrow keys, screen readers and tests find what they know. */
import { memo, useId } from 'react';
import { type Bits, deskBits } from '@/catalog/bits';
import { help } from '../Term';
import styles from './controls.module.css';

interface Props {
  /** "W" for weights, "A" for activations. */
  sign: 'W' | 'A';
  /** What the bits belong to: a layer's name, "input" or "all layers". */
  of: string;
  /** Undefined where layers differ: no cell is checked. */
  value: Bits | undefined;
  /** The widths that the quantizer has, float aside; every one where absent. */
  widths?: readonly Bits[] | undefined;
  /** Why the others cannot be chosen. */
  reason?: string | undefined;
  onChoose(bits: Bits): void;
}

export const BitCells = memo(function BitCells({ sign, of, value, widths, reason, onChoose }: Props) {
  const group = useId();
  const name = `${sign === 'W' ? 'Weight' : 'Activation'} bits, ${of}`;
  return (
    <div className={styles.seg} role="radiogroup" aria-label={name}>
      <b className={styles.sign} aria-hidden="true">
        {sign}
      </b>
      {deskBits.map((bits) => {
        const impossible = widths !== undefined && bits !== 32 && !widths.includes(bits);
        return (
          <label key={bits} data-b={bits} {...help(impossible ? reason : undefined)}>
            <input
              type="radio"
              name={group}
              aria-label={String(bits)}
              checked={bits === value}
              disabled={impossible}
              onChange={() => onChoose(bits)}
            />
            {bits}
          </label>
        );
      })}
    </div>
  );
});
