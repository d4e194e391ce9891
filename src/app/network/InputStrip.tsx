/** The input row: the network's input is rounded like any layer's output. */
import { memo } from 'react';
import type { Bits } from '@/catalog/bits';
import type { Shape } from '@/catalog/layers';
import { type ActivationSite, activationBits, quantizerAt } from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { edit } from '@/store/editing';
import { useLive } from '@/store/live';
import { BitCells } from '../controls/BitCells';
import { decibels } from '../format';
import { help } from '../Term';
import { DeployMark } from './DeployMark';
import styles from './Desk.module.css';
import { inputEdit } from './layers';
import { NameButton, stripProps } from './NameButton';
import { widthReason } from './quantizers';
import { Node, Wire } from './Wire';

interface Props {
  site: ActivationSite;
  shape: Shape;
  selected: boolean;
}

const choose = (bits: Bits) => edit([inputEdit(bits)]);

export const InputStrip = memo(function InputStrip({ site, shape, selected }: Props) {
  const bits = activationBits(site);
  const descriptor = quantizerAt('activations', site);
  return (
    <article className={`${styles.strip} ${styles.input}`} {...stripProps(inputName, selected)}>
      <Node />
      <Wire bits={bits} end="out" />
      <div className={styles.names}>
        <h3>
          <NameButton name={inputName} selected={selected} /> <small>{shape.join('×')}</small>{' '}
          <DeployMark descriptors={bits === 32 ? [] : [descriptor]} />
        </h3>
      </div>
      <p className={styles.middle}>{shape.length === 3 ? 'pixels 0…1' : 'features'}</p>
      <div className={styles.cells}>
        <BitCells
          sign="A"
          of={inputName}
          value={bits}
          widths={descriptor.bits}
          reason={widthReason(descriptor)}
          onChoose={choose}
        />
      </div>
      <Noise bits={bits} />
    </article>
  );
});

function Noise({ bits }: { bits: Bits }) {
  const noise = useLive((live) => live.layers[inputName]?.sites.activations?.sqnrDb);
  const text = bits === 32 ? 'float' : noise === undefined ? '–' : decibels(noise);
  return (
    <p className={styles.sqnr} {...help('Signal-to-quantization-noise ratio of the rounded input.')}>
      <span>A {text}</span>
    </p>
  );
}
