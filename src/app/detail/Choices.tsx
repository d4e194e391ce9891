/** The selected layer's own quantizers, and the further choices of the side that is shown. */
import { isWeighted } from '@/catalog/layers';
import type { SiteName } from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import { useSettings } from '@/store/experiment';
import { edit } from '@/store/session';
import { DeployMark } from '../network/DeployMark';
import { bitsAt } from '../network/layers';
import { ChoiceSelect, QuantizerSelect } from '../network/QuantizerSelect';
import { choiceEdit, descriptorAt, type Setting } from '../network/quantizers';
import styles from './Choices.module.css';

const further = {
  weights: { granularity: 'Granularity', range: 'Range', rounding: 'Rounding', estimator: 'Gradient' },
  activations: { rounding: 'Rounding', estimator: 'Gradient' },
} as const satisfies Record<SiteName, Partial<Record<Setting, string>>>;
const kinds = {
  weights: { sign: 'W', name: 'Weight quantizer' },
  activations: { sign: 'A', name: 'Activation quantizer' },
} as const;

/** What a layer has chosen at its sites; the input has activations alone. */
function useSites(layer: string) {
  const { layers, input } = useSettings();
  if (layer === inputName) return { activations: { site: input, rounds: true } };
  const spec = layers[layerNames(layers).indexOf(layer)];
  if (!spec || !isWeighted(spec)) return {};
  const at = (name: SiteName) => ({ site: spec[name], rounds: bitsAt(spec, name) !== 32 });
  return { weights: at('weights'), activations: at('activations') };
}

export function Choices({ layer, side }: { layer: string; side: SiteName }) {
  const sites: Partial<Record<SiteName, ReturnType<typeof useSites>['activations']>> = useSites(layer);
  const shown = sites[side]?.site;
  const choose = (site: SiteName, setting: Setting) => (value: string) =>
    edit([choiceEdit(layer, site, setting, value)]);
  return (
    <div className={styles.choices}>
      {(Object.keys(kinds) as SiteName[]).map((site) => {
        const own = sites[site];
        const { sign, name } = kinds[site];
        return (
          own && (
            <span key={site} className={styles.kind}>
              <b aria-hidden="true">{sign}</b>
              <QuantizerSelect
                name={`${name}, ${layer}`}
                site={site}
                value={own.site.quantizer}
                onChoose={choose(site, 'quantizer')}
              />
              <DeployMark
                descriptors={[descriptorAt(site, own.site)].filter(
                  ({ deploysTo }) => own.rounds && deploysTo !== 'integer',
                )}
              />
            </span>
          )
        );
      })}
      {shown &&
        (Object.entries(further[side]) as [Setting, string][]).map(([setting, label]) => (
          <ChoiceSelect
            key={setting}
            name={`${label}, ${layer}`}
            site={side}
            setting={setting}
            quantizer={shown.quantizer}
            value={String((shown as unknown as Record<string, unknown>)[setting])}
            onChoose={choose(side, setting)}
          />
        ))}
    </div>
  );
}
