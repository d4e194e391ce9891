/** The mixing desk: one strip for each layer that rounds, the input row, thin rows between, and one strip for all. */
import { useMemo } from 'react';
import type { Bits } from '@/catalog/bits';
import { datasetInfo } from '@/catalog/datasets';
import { descriptorOf, rounds } from '@/catalog/layers';
import { activationBits } from '@/catalog/quantizers';
import { resolveNetwork, roundsInput } from '@/experiment/network';
import { modelSize } from '@/experiment/size';
import { useSettings } from '@/store/experiment';
import { shownLayer } from '@/store/session';
import { useWorkspace } from '@/store/workspace';
import { useLearnedWidths } from '../learnedWidths';
import { Term } from '../Term';
import { AllLayers } from './AllLayers';
import styles from './Desk.module.css';
import { InputStrip } from './InputStrip';
import { LayerStrip } from './LayerStrip';
import { bitsAt } from './layers';
import { ThinRow } from './ThinRow';

export function Desk() {
  const settings = useSettings();
  const { dataset, layers, input } = settings;
  const resolved = useMemo(() => resolveNetwork({ dataset, layers }), [dataset, layers]);
  const widths = useLearnedWidths();
  const size = useMemo(() => modelSize({ dataset, layers, input }, widths), [dataset, layers, input, widths]);
  const selected = shownLayer(
    useWorkspace((state) => state.selected),
    layers,
  );
  const largest = Math.max(...size.layers.map(({ float }) => float));
  let incoming: Bits = activationBits(input);
  return (
    <>
      <div className={styles.columns}>
        <span>Layer</span>
        <span>
          <Term name="weights">Latent weights</Term>
        </span>
        <span>Bits</span>
        <span>
          <Term name="sqnr" />
          <Term name="modelSize">Bytes</Term>
        </span>
      </div>
      <AllLayers resolved={resolved} size={size} layers={layers} />
      <div className={styles.layers}>
        {roundsInput(dataset) && (
          <InputStrip site={input} shape={datasetInfo(dataset).inputShape} selected={selected === 'input'} />
        )}
        {resolved.map((layer) => {
          const { spec, name, last } = layer;
          const before = incoming;
          if (!rounds(spec))
            return <ThinRow key={name} layer={layer} bits={before} label={descriptorOf(spec).label} />;
          incoming = bitsAt(spec, 'activations');
          return (
            <LayerStrip
              key={name}
              name={name}
              layer={layer}
              spec={spec}
              size={size.layers.find((entry) => entry.name === name)!}
              largest={largest}
              incoming={before}
              last={last}
              selected={selected === name}
            />
          );
        })}
      </div>
    </>
  );
}
