/** The selected layer's own quantizers, and the further choices of the side that is shown. */
import { siteAt } from '@/catalog/layers';
import {
  deployedAt,
  quantizerAt,
  type SiteName,
  siteBits,
  sites,
  type TensorKind,
  tensorKindOf,
  unwatchedReason,
  type WeightSite,
} from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import { edit } from '@/store/editing';
import { useSettings } from '@/store/experiment';
import { DeployMark } from '../network/DeployMark';
import { ChoiceSelect, QuantizerSelect } from '../network/QuantizerSelect';
import { choiceEdit, concerns, type Setting } from '../network/quantizers';
import styles from './Choices.module.css';

const further = {
  weights: {
    granularity: 'Granularity',
    range: 'Range',
    rounding: 'Rounding',
    estimator: 'Gradient',
    oscillation: 'Oscillation',
    penalty: 'Penalty',
  },
  activations: { rounding: 'Rounding', estimator: 'Gradient' },
} as const satisfies Record<TensorKind, Partial<Record<Setting, string>>>;
const kinds = {
  weights: { sign: 'W', name: 'Weight quantizer' },
  activations: { sign: 'A', name: 'Activation quantizer' },
} as const;

/** What a layer has chosen at a site; the input has activations alone. */
function useSite(layer: string, name: SiteName) {
  const { layers, input } = useSettings();
  if (layer === inputName) return name === 'activations' ? input : undefined;
  const spec = layers[layerNames(layers).indexOf(layer)];
  return spec && siteAt(spec, name);
}

function Kind({ layer, name }: { layer: string; name: SiteName }) {
  const site = useSite(layer, name);
  if (!site) return null;
  const kind = tensorKindOf(name);
  const deployed = deployedAt(name, site);
  const rounds = siteBits(name, site) !== 32;
  const of = [layer, sites[name].short].filter(Boolean).join(' ');
  return (
    <span className={styles.kind}>
      <b aria-hidden="true">{kinds[kind].sign}</b>
      <QuantizerSelect
        name={`${kinds[kind].name}, ${of}`}
        site={kind}
        value={site.quantizer}
        onChoose={(value) => edit([choiceEdit(layer, name, 'quantizer', value)])}
      />
      <DeployMark descriptors={rounds && deployed.deploysTo !== 'integer' ? [deployed] : []} />
    </span>
  );
}

/** Why nothing can be done about oscillation at a site that rounds, where nothing can. */
function unwatched(name: SiteName, site: WeightSite) {
  const reason = siteBits(name, site) === 32 ? undefined : unwatchedReason(site);
  return reason === undefined ? undefined : { value: 'free', reason };
}

export function Choices({ layer, shown }: { layer: string; shown: SiteName }) {
  const site = useSite(layer, shown);
  const kind = tensorKindOf(shown);
  const settings = (Object.entries(further[kind]) as [Setting, string][]).filter(
    ([setting]) => site && concerns(quantizerAt(shown, site), setting),
  );
  const named: readonly SiteName[] = sites[shown].short ? [shown] : ['weights', 'activations'];
  return (
    <div className={styles.choices}>
      {named.map((name) => (
        <Kind key={name} layer={layer} name={name} />
      ))}
      {site &&
        settings.map(([setting, label]) => (
          <ChoiceSelect
            key={setting}
            name={`${label}, ${layer}`}
            site={kind}
            setting={setting}
            quantizer={site.quantizer}
            ruled={setting === 'oscillation' ? unwatched(shown, site as WeightSite) : undefined}
            value={String((site as unknown as Record<string, unknown>)[setting])}
            onChoose={(value) => edit([choiceEdit(layer, shown, setting, value)])}
          />
        ))}
    </div>
  );
}
