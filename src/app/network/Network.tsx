/** The network region: which network and quantizers, the mixing desk, and the selected layer's detail. */
import { useState } from 'react';
import { type NetworkPresetName, networkPresets, presetsFor } from '@/experiment/presets';
import { useSettings } from '@/store/experiment';
import { restructure } from '@/store/session';
import { Detail } from '../detail/Detail';
import { help } from '../Term';
import { Desk } from './Desk';
import { Editor } from './Editor';
import { presetOf } from './layers';
import styles from './Network.module.css';
import { Notes } from './Notes';
import { AllQuantizers, FurtherChoices } from './QuantizerMenu';

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
        <AllQuantizers site="weights" />
        <AllQuantizers site="activations" />
        <FurtherChoices />
      </div>
      {editing ? (
        <Editor />
      ) : (
        <>
          <Notes />
          <Desk />
          <div className={styles.detail}>
            <Detail />
          </div>
        </>
      )}
    </>
  );
}
