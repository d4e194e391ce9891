/** The network region: which network and quantizers, the mixing desk, and the selected layer's detail. */
import { useState } from 'react';
import { isWeighted } from '@/catalog/layers';
import {
  type ActivationQuantizerKind,
  activationQuantizers,
  type Granularity,
  granularities,
  type WeightQuantizerKind,
  weightQuantizers,
} from '@/catalog/quantizers';
import { type NetworkPresetName, networkPresets, presetsFor } from '@/experiment/presets';
import { useSettings } from '@/store/experiment';
import { restructure } from '@/store/session';
import { Detail } from '../detail/Detail';
import { help } from '../Term';
import { Desk } from './Desk';
import { Editor } from './Editor';
import { common, presetOf, withSites } from './layers';
import styles from './Network.module.css';

function NetworkSelect() {
  const { dataset, layers } = useSettings();
  const preset = presetOf({ dataset, layers });
  return (
    <select
      aria-label="Network"
      value={preset ?? 'custom'}
      {...help(preset ? networkPresets[preset].help : 'A network of your own.')}
      onChange={(event) => {
        const chosen = networkPresets[event.target.value as NetworkPresetName];
        restructure({ layers: chosen.layers }, `The network is now ${chosen.label}.`);
      }}
    >
      {presetsFor(dataset).map((name) => (
        <option key={name} value={name}>
          {networkPresets[name].label}
        </option>
      ))}
      {!preset && <option value="custom">Custom</option>}
    </select>
  );
}

const weightOptions = Object.entries(weightQuantizers).flatMap(([quantizer, { label }]) =>
  Object.entries(granularities).map(([granularity, words]) => ({
    value: `${quantizer} ${granularity}`,
    label: `${label}, ${words.label}`,
  })),
);

function WeightQuantizer() {
  const { layers } = useSettings();
  const sites = layers.filter(isWeighted).map((spec) => spec.weights);
  const value = common(sites.map(({ quantizer, granularity }) => `${quantizer} ${granularity}`));
  const [site] = sites;
  const text = site ? `${weightQuantizers[site.quantizer].help} ${granularities[site.granularity].help}` : '';
  return (
    <label {...help(`${text} A change starts the run over.`)}>
      Weights{' '}
      <select
        aria-label="Weight quantizer"
        value={value ?? 'mixed'}
        onChange={(event) => {
          const [quantizer, granularity] = event.target.value.split(' ') as [
            WeightQuantizerKind,
            Granularity,
          ];
          restructure(
            { layers: withSites(layers, 'weights', { quantizer, granularity }) },
            'The weight quantizer has changed.',
          );
        }}
      >
        {weightOptions.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
        {!value && (
          <option value="mixed" disabled>
            mixed
          </option>
        )}
      </select>
    </label>
  );
}

function ActivationQuantizer() {
  const { layers, input } = useSettings();
  const sites = [input, ...layers.filter(isWeighted).map((spec) => spec.activations)];
  const value = common(sites.map(({ quantizer }) => quantizer));
  return (
    <label {...help(activationQuantizers[input.quantizer].help)}>
      Activations{' '}
      <select
        aria-label="Activation quantizer"
        value={value ?? 'mixed'}
        onChange={(event) => {
          const quantizer = event.target.value as ActivationQuantizerKind;
          restructure(
            { input: { ...input, quantizer }, layers: withSites(layers, 'activations', { quantizer }) },
            'The activation quantizer has changed.',
          );
        }}
      >
        {Object.entries(activationQuantizers).map(([kind, { label }]) => (
          <option key={kind} value={kind}>
            {label}
          </option>
        ))}
        {!value && (
          <option value="mixed" disabled>
            mixed
          </option>
        )}
      </select>
    </label>
  );
}

export function Network() {
  const [editing, setEditing] = useState(false);
  return (
    <>
      <div className={`head ${styles.head}`}>
        <h2 id="h-network">Network</h2>
        <NetworkSelect />
        <button
          type="button"
          className={styles.edit}
          aria-pressed={editing}
          onClick={() => setEditing(!editing)}
          {...help(
            'Add, remove, reorder and resize layers. A change starts the run over; Undo brings it back.',
          )}
        >
          {editing ? 'Done' : 'Edit'}
        </button>
        <span className="grow" />
        <WeightQuantizer />
        <ActivationQuantizer />
      </div>
      {editing ? (
        <Editor />
      ) : (
        <>
          <Desk />
          <div className={styles.detail}>
            <Detail />
          </div>
        </>
      )}
    </>
  );
}
