/** The header's quantizer selects: kinds for all layers at hand, their further choices behind a button. */
import { Popover } from '@mantine/core';
import { useState } from 'react';
import { deployedAt, type TensorKind } from '@/catalog/quantizers';
import { edit } from '@/store/editing';
import { useSettings } from '@/store/experiment';
import { help } from '../Term';
import { DeployMark } from './DeployMark';
import { addressed } from './layers';
import styles from './Network.module.css';
import { ChoiceSelect, QuantizerSelect } from './QuantizerSelect';
import { choiceField, choiceForAll, commonChoice, concerns, quantizersOf, type Setting } from './quantizers';

const names = { weights: 'Weight', activations: 'Activation' } as const;
const titles = { weights: 'Weights', activations: 'Activations' } as const;
const further = {
  weights: ['granularity', 'range', 'rounding', 'estimator', 'oscillation', 'penalty'],
  activations: ['rounding', 'estimator'],
} as const satisfies Record<TensorKind, readonly Setting[]>;

export function AllQuantizers({ site }: { site: TensorKind }) {
  const { layers } = useSettings();
  const value = commonChoice(layers, site, 'quantizer');
  return (
    <div className={styles.choice}>
      <span>{titles[site]}</span>
      <QuantizerSelect
        name={`${names[site]} quantizer`}
        site={site}
        value={value}
        onChoose={(kind) => edit(choiceForAll(layers, site, 'quantizer', kind))}
      />
      <DeployMark
        descriptors={addressed(layers, site)
          .map((place) => deployedAt(place.name, place.site))
          .filter(({ deploysTo }) => deploysTo !== 'integer')}
      />
    </div>
  );
}

function Further({ site, setting }: { site: TensorKind; setting: Setting }) {
  const { layers } = useSettings();
  const label = choiceField(site, setting)?.label ?? '';
  const quantizer = commonChoice(layers, site, 'quantizer');
  const descriptor = quantizer === undefined ? undefined : quantizersOf(site)[quantizer];
  // Layers that differ may have one that it means something to.
  if (descriptor && !concerns(descriptor, setting)) return null;
  return (
    <div>
      <span>{label}</span>
      <ChoiceSelect
        name={`${names[site]} ${label.toLowerCase()}, all layers`}
        site={site}
        setting={setting}
        quantizer={quantizer}
        value={commonChoice(layers, site, setting)}
        onChoose={(value) => edit(choiceForAll(layers, site, setting, value))}
      />
    </div>
  );
}

export function FurtherChoices() {
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className={`quiet ${styles.more}`}
          aria-label="How all layers round"
          onClick={() => setOpen(!open)}
          {...help(
            'Granularity, range, rounding, gradient estimator and oscillation of all layers. One layer’s own are below.',
          )}
        >
          ⋯
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles.popover}>
        {/* What is focused shows its tooltip: none until the person moves on. */}
        <span data-autofocus tabIndex={-1} className="sr">
          How all layers round
        </span>
        {(Object.keys(further) as TensorKind[]).map((site) => (
          <fieldset key={site}>
            <legend>{titles[site]}, all layers</legend>
            {further[site].map((setting) => (
              <Further key={setting} site={site} setting={setting} />
            ))}
          </fieldset>
        ))}
        <p className="hint">While it trains, a change is recorded with its step; nothing starts over.</p>
      </Popover.Dropdown>
    </Popover>
  );
}
