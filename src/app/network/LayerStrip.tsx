/** One strip of the desk: a layer with weights. Only the numbers that a snapshot changes are drawn again with it. */
import { memo, useCallback } from 'react';
import { activationFunctions } from '@/catalog/activations';
import { type Bits, deskBits } from '@/catalog/bits';
import { descriptorOf, type WeightedLayerSpec } from '@/catalog/layers';
import type { ResolvedLayer } from '@/experiment/network';
import type { LayerSize } from '@/experiment/size';
import { useLive } from '@/store/live';
import { edit } from '@/store/session';
import { BitCells } from '../controls/BitCells';
import { bytes, count, decibels, short } from '../format';
import { help } from '../Term';
import { DeployMark } from './DeployMark';
import styles from './Desk.module.css';
import { bitsAt } from './layers';
import { MiniHistogram } from './MiniHistogram';
import { NameButton, stripProps } from './NameButton';
import { descriptorAt, widthReason } from './quantizers';
import { Node, Wire } from './Wire';

interface Props {
  name: string;
  layer: ResolvedLayer;
  spec: WeightedLayerSpec;
  size: LayerSize;
  /** Bytes of the largest layer in float32: the length of the bars. */
  largest: number;
  /** Bits of the wire that comes in. */
  incoming: Bits;
  last: boolean;
  selected: boolean;
}

const onDesk = (bits: Bits) => (deskBits as readonly Bits[]).includes(bits);

export const LayerStrip = memo(
  function LayerStrip({ name, layer, spec, size, largest, incoming, last, selected }: Props) {
    const { weights, activations, activation } = spec;
    const chooseWeights = useCallback(
      (bits: Bits) => edit([{ kind: 'bits', layer: name, site: 'weights', bits }]),
      [name],
    );
    const chooseActivations = useCallback(
      (bits: Bits) => edit([{ kind: 'bits', layer: name, site: 'activations', bits }]),
      [name],
    );
    const [w, a] = [bitsAt(spec, 'weights'), bitsAt(spec, 'activations')];
    const [weightKind, activationKind] = [
      descriptorAt('weights', weights),
      descriptorAt('activations', activations),
    ];
    // Widths that the cells do not have.
    const others = [...(onDesk(w) ? [] : [`W ${w}`]), ...(onDesk(a) ? [] : [`A ${a}`])];
    const rounding = [...(w === 32 ? [] : [weightKind]), ...(a === 32 ? [] : [activationKind])];
    const { label, help: text } = activationFunctions[activation];
    const packed = help(
      `${count(size.weights)} B weights, ${count(size.biases)} B biases, ${count(size.scales)} B scales, packed. Outline: the same layer in float32.`,
    );
    return (
      <article className={styles.strip} {...stripProps(name, selected)}>
        <Node />
        <Wire bits={incoming} end="in" />
        {!last && <Wire bits={a} end="out" />}
        <div className={styles.names}>
          <h3>
            <NameButton name={name} selected={selected} />{' '}
            {activation !== 'linear' && <small {...help(text)}>{label}</small>}
            <DeployMark descriptors={rounding} />
          </h3>
          <p {...help(descriptorOf(spec).help)}>
            {descriptorOf(spec).summary(spec, layer.inputShape, layer.outputShape)}
            {others.length > 0 && <b className={styles.other}>{others.join(', ')} bits</b>}
          </p>
          <p
            {...help(
              `${count(layer.parameters)} parameters, ${count(layer.macs)} multiply-accumulates for one example.`,
            )}
          >
            {short(layer.parameters)} par · {short(layer.macs)} MAC
          </p>
        </div>
        <MiniHistogram name={name} />
        <div className={styles.cells}>
          <BitCells
            sign="W"
            of={name}
            value={w}
            widths={weightKind.bits}
            reason={widthReason(weightKind)}
            onChoose={chooseWeights}
          />
          <BitCells
            sign="A"
            of={name}
            value={a}
            widths={activationKind.bits}
            reason={widthReason(activationKind)}
            onChoose={chooseActivations}
          />
        </div>
        <div className={styles.cost}>
          <Sqnr name={name} weights={w} activations={a} />
          <div className={styles.bar} aria-hidden="true" {...packed}>
            <i style={{ width: `${(100 * size.float) / largest}%` }} />
            <i style={{ width: `${(100 * size.total) / largest}%` }} />
          </div>
          <div {...packed}>
            <span>{bytes(size.total)}</span>
            <span>of {bytes(size.float)}</span>
          </div>
        </div>
      </article>
    );
  },
  // `layer` and `size` are made anew with every setting; their contents decide.
  (a, b) => JSON.stringify(a) === JSON.stringify(b),
);

function Sqnr({ name, weights, activations }: { name: string; weights: Bits; activations: Bits }) {
  const w = useLive((live) => live.layers[name]?.weights?.sqnrDb);
  const a = useLive((live) => live.layers[name]?.activations?.sqnrDb);
  const shown = (bits: Bits, value: number | undefined) =>
    bits === 32 ? 'float' : value === undefined ? '–' : decibels(value);
  return (
    <div {...help('Signal-to-quantization-noise ratio of the rounded weights, and of the rounded output.')}>
      <b>{shown(weights, w)}</b>
      <span>A {shown(activations, a)}</span>
    </div>
  );
}
