/** What the trained network can be saved as, one button each. The worker makes the bytes. */
import { useState } from 'react';
import { type ExporterDescriptor, type ExporterName, exporters } from '@/catalog/exporters';
import { fileStem } from '@/experiment/summary';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { alertPerson, dismiss } from '@/store/notices';
import { session } from '@/store/worker';
import { help } from '../Term';
import { download, saveCurves, saveExperiment } from '../toolbar/exports';
import styles from './Deploy.module.css';

const names = Object.keys(exporters) as ExporterName[];
const present = () => useExperiment.getState().experiment;

async function save(exporter: ExporterName): Promise<void> {
  const { label, ending, type }: ExporterDescriptor = exporters[exporter];
  const stem = fileStem(present());
  dismiss('export');
  try {
    const bytes = await session().deploy({ about: 'file', exporter });
    download(`${stem}${ending}`, bytes as Uint8Array<ArrayBuffer>, type);
  } catch (error) {
    alertPerson('export', `${label} was not saved. ${error instanceof Error ? error.message : error}`);
  }
}

export function SaveButtons() {
  const [saving, setSaving] = useState<ExporterName | null>(null);
  const ready = useLive((live) => live.state !== 'starting');
  const press = async (name: ExporterName) => {
    setSaving(name);
    await save(name);
    setSaving(null);
  };
  return (
    <section className={styles.part} aria-labelledby="h-save">
      <h3 id="h-save">Save</h3>
      <p className="hint">As it is at this step; nothing leaves this device.</p>
      <div className={styles.buttons}>
        {names.map((name) => (
          <button
            key={name}
            type="button"
            disabled={!ready || saving !== null}
            aria-busy={saving === name}
            onClick={() => void press(name)}
            {...help(exporters[name].help)}
          >
            {exporters[name].label}
          </button>
        ))}
        <button
          type="button"
          onClick={() => saveExperiment(present())}
          {...help('The experiment as JSON: opens here again, and runs in the terminal.')}
        >
          Experiment
        </button>
        <button
          type="button"
          onClick={() => saveCurves(present(), useLive.getState().points)}
          {...help('Accuracy and loss of all three networks at every evaluation, as CSV.')}
        >
          Curves
        </button>
      </div>
    </section>
  );
}
