/** Model size in packed bytes: total, against float, and by layer. It follows the settings, and widths that are learned. */
import { useMemo } from 'react';
import { siteAt } from '@/catalog/layers';
import { layerNames } from '@/experiment/network';
import type { Experiment } from '@/experiment/schema';
import { modelSize } from '@/experiment/size';
import { useSettings } from '@/store/experiment';
import { bytes, figures } from '../format';
import { useLearnedWidths } from '../learnedWidths';
import { help, Term } from '../Term';
import styles from './Size.module.css';

const formula =
  'Weights: count × bits / 8, each tensor rounded up to a byte. Biases: 4 bytes each. Scales: 4 bytes a channel or group (or one for the tensor); each quantized output and the input: 4 bytes of scale and 1 of zero point, none where dynamic.';

/** Weight bits by layer name. */
function weightBits({ layers }: Pick<Experiment, 'layers'>): Map<string, number> {
  const names = layerNames(layers);
  return new Map(
    layers.flatMap((spec, i): [string, number][] => {
      const site = siteAt(spec, 'weights');
      return site ? [[names[i]!, site.bits]] : [];
    }),
  );
}

export function Size() {
  const settings = useSettings();
  const widths = useLearnedWidths();
  const size = useMemo(() => modelSize(settings, widths), [settings, widths]);
  const bits = useMemo(() => weightBits(settings), [settings]);
  const ratio = size.float / size.total;
  return (
    <div className={styles.size}>
      <p className={styles.line} data-explained>
        <Term name="modelSize" />
        <b role="status" aria-live="off" aria-label="Model size" {...help(`${size.total} bytes. ${formula}`)}>
          {bytes(size.total)}
        </b>
        <span className="hint">
          of {bytes(size.float)} float,{' '}
          {ratio >= 1 ? `${figures(ratio, 2)}× smaller` : `${figures(1 / ratio, 2)}× larger`}
        </span>
      </p>
      <div
        className={styles.gauge}
        role="img"
        aria-label={`Bytes by layer, against ${bytes(size.float)} in float: ${size.layers
          .map((layer) => `${layer.name} ${bytes(layer.total)}`)
          .join(', ')}`}
      >
        {size.layers.map((layer) => (
          <i
            key={layer.name}
            data-b={bits.get(layer.name)}
            style={{ width: `${(100 * layer.total) / Math.max(size.float, size.total)}%` }}
            {...help(
              `${layer.name}: ${bytes(layer.total)} of ${bytes(layer.float)} in float (${bytes(layer.weights)} weights, ${bytes(layer.biases)} biases, ${bytes(layer.scales)} scales).`,
            )}
          />
        ))}
      </div>
      <p className="hint" {...help(formula)}>
        {bytes(size.weights)} weights, {bytes(size.biases)} biases, {bytes(size.scales)} scales
      </p>
    </div>
  );
}
