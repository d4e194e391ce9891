/** Of the selected layer: whether it is float, held as PTQ left it, or trained; and how PTQ finds its ranges. */
import type { Bits } from '@/catalog/bits';
import { siteAt, sitesOf } from '@/catalog/layers';
import { fitBits, quantizerAt, type SiteName, siteBits } from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import { type CalibrationMethod, calibrationMethods, methodAt, ptqOf } from '@/experiment/ptq';
import type { Edit, Experiment } from '@/experiment/schema';
import { edit } from '@/store/editing';
import { useExperiment, useSettings } from '@/store/experiment';
import { changePtq } from '../results/Methods';
import { help } from '../Term';
import styles from './Precision.module.css';

const modes = {
  float: { label: 'Float', help: 'Nothing of the layer is rounded.' },
  ptq: {
    label: 'PTQ, held',
    help: 'Rounded, and held still: neither weights nor ranges train. With a plan “Float > PTQ > QAT”, or after “Start from PTQ now”, it stays as PTQ left it while the others train on.',
  },
  qat: { label: 'QAT', help: 'Rounded in the forward pass and trained.' },
} as const;
type Mode = keyof typeof modes;

/** What a layer rounds; the input has activations alone. */
function placesOf({ layers, input }: Experiment, layer: string) {
  if (layer === inputName) return [{ name: 'activations' as SiteName, site: input }];
  const index = layerNames(layers).indexOf(layer);
  const spec = layers[index];
  if (!spec) return [];
  // Logits stay accumulators unless they were set to round.
  const own = sitesOf(spec).filter((name) => name !== 'activations' || index < layers.length - 1);
  return own.map((name) => ({ name, site: siteAt(spec, name)! }));
}

function modeOf(settings: Experiment, layer: string): Mode {
  const places = placesOf(settings, layer);
  if (places.every(({ name, site }) => siteBits(name, site) === 32)) return 'float';
  return settings.held?.includes(layer) ? 'ptq' : 'qat';
}

/** Widths that layers had before they were made float in this sitting, by site. */
const before = new Map<string, Bits>();
const fallback: Bits = 8;

function editsTo(settings: Experiment, layer: string, mode: Mode): Edit[] {
  const places = placesOf(settings, layer);
  const bits = places.map(({ name, site }): Edit => {
    const key = `${layer}/${name}`;
    const now = siteBits(name, site);
    if (mode === 'float' && now !== 32) before.set(key, now);
    const back = now === 32 ? (before.get(key) ?? fallback) : now;
    const wanted = mode === 'float' ? 32 : fitBits(quantizerAt(name, site), back);
    return { kind: 'bits', layer, site: name, bits: wanted };
  });
  return [...bits, { kind: 'hold', layer, value: mode === 'ptq' ? 'held' : 'trained' }];
}

export function Precision({ layer }: { layer: string }) {
  const settings = useSettings();
  const ptq = ptqOf(useExperiment((state) => state.experiment));
  if (placesOf(settings, layer).length === 0) return null;
  const mode = modeOf(settings, layer);
  const own = ptq.methods?.[layer];
  const choose = (method: string) => {
    const { [layer]: _, ...others } = ptq.methods ?? {};
    const methods = method === '' ? others : { ...others, [layer]: method as CalibrationMethod };
    changePtq({ methods: Object.keys(methods).length > 0 ? methods : undefined });
  };
  return (
    <>
      <select
        className={styles.select}
        aria-label={`Precision, ${layer}`}
        value={mode}
        onChange={({ target }) => edit(editsTo(settings, layer, target.value as Mode))}
        {...help(modes[mode].help)}
      >
        {Object.entries(modes).map(([key, { label }]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      <select
        className={styles.select}
        aria-label={`PTQ ranges, ${layer}`}
        value={own ?? ''}
        onChange={({ target }) => choose(target.value)}
        {...help(`How PTQ finds this layer’s ranges. ${calibrationMethods[methodAt(ptq, layer)].help}`)}
      >
        <option value="">PTQ: as all</option>
        {Object.entries(calibrationMethods).map(([key, { label }]) => (
          <option key={key} value={key}>
            PTQ: {label}
          </option>
        ))}
      </select>
    </>
  );
}
