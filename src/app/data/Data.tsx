/** The data region: which examples, how many, how they are fed to the network. */
import {
  type DatasetDescriptor,
  type DatasetSpec,
  datasetInfo,
  datasetKinds,
  type GeneratedSpec,
} from '@/catalog/datasets';
import { type OptimizerKind, optimizers } from '@/catalog/optimizers';
import { words } from '@/catalog/words';
import { networkProblem } from '@/experiment/network';
import { experimentFor } from '@/experiment/presets';
import { useExperiment, useSettings } from '@/store/experiment';
import { restart, restructure } from '@/store/session';
import { Slider } from '../controls/Slider';
import { help, Term } from '../Term';
import styles from './Data.module.css';
import { Examples } from './Examples';
import { Loaded } from './Loaded';
import { OwnData } from './OwnData';
import { Thumbnail } from './thumbnails';

type Kind = GeneratedSpec['kind'];
const kinds = Object.keys(datasetKinds) as Kind[];

/** Another dataset: the network, its bits and the rest stay where they fit; else come the settings that suit it. */
function choose(kind: Kind): void {
  const { experiment } = useExperiment.getState();
  const dataset: DatasetSpec = datasetKinds[kind].defaults;
  const before = datasetInfo(experiment.dataset);
  const reason = `The dataset is now ${datasetKinds[kind].label}.`;
  const fits =
    before.view === datasetInfo(dataset).view &&
    experiment.dataset.kind !== 'own' &&
    !networkProblem({ dataset, layers: experiment.layers });
  if (fits) restructure({ dataset }, reason);
  else restart(experimentFor(dataset, experiment.seed), reason, true);
}

function Parameters({ spec }: { spec: GeneratedSpec }) {
  const { fields } = datasetKinds[spec.kind] as DatasetDescriptor<GeneratedSpec>;
  return fields.map((field) => (
    <Slider
      key={`${spec.kind} ${field.key}`}
      label={field.label}
      helpText={field.help}
      min={field.min}
      max={field.max}
      integer={field.integer}
      value={(spec as unknown as Record<string, number>)[field.key] ?? 0}
      onCommit={(value) =>
        restructure({ dataset: { ...spec, [field.key]: value } }, `${field.label} has changed.`)
      }
    />
  ));
}

function Optimizer() {
  const { optimizer, batchSize } = useSettings();
  const { help: text, fields } = optimizers[optimizer.kind];
  return (
    <>
      <label className={styles.field}>
        <Term name="optimizer" />
        <select
          value={optimizer.kind}
          aria-label="Optimizer"
          {...help(text)}
          onChange={(event) =>
            restructure(
              { optimizer: optimizers[event.target.value as OptimizerKind].defaults },
              'The optimizer has changed.',
            )
          }
        >
          {Object.entries(optimizers).map(([kind, { label }]) => (
            <option key={kind} value={kind}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <div className={styles.sliders}>
        {/* the learning rate stands in the run bar, because it may change while it trains */}
        {fields
          .filter(({ key }) => key !== 'learningRate')
          .map((field) => (
            <Slider
              key={field.key}
              label={field.label}
              helpText={field.help}
              min={field.min}
              max={field.max}
              integer={field.integer}
              value={(optimizer as unknown as Record<string, number>)[field.key] ?? 0}
              onCommit={(value) =>
                restructure(
                  { optimizer: { ...optimizer, [field.key]: value } },
                  `${field.label} has changed.`,
                )
              }
            />
          ))}
        <Slider
          label={words.batchSize.label}
          helpText={words.batchSize.help}
          min={1}
          max={1024}
          integer
          powersOfTwo
          value={batchSize}
          onCommit={(value) => restructure({ batchSize: value }, 'The batch size has changed.')}
        />
      </div>
    </>
  );
}

export function Data() {
  const dataset = useExperiment(({ experiment }) => experiment.dataset);
  return (
    <>
      <div className="head">
        <h2 id="h-data">Data</h2>
      </div>
      <label className={styles.field}>
        Dataset
        <select
          aria-label="Dataset"
          value={dataset.kind}
          onChange={(event) => choose(event.target.value as Kind)}
        >
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {datasetKinds[kind].label}
            </option>
          ))}
          {!kinds.some((kind) => kind === dataset.kind) && (
            <option value={dataset.kind}>{datasetInfo(dataset).label}</option>
          )}
        </select>
      </label>
      <div className={styles.thumbs}>
        {kinds.map((kind) => (
          <button
            key={kind}
            type="button"
            aria-pressed={kind === dataset.kind}
            onClick={() => kind !== dataset.kind && choose(kind)}
            {...help(datasetKinds[kind].help)}
          >
            <Thumbnail kind={kind} />
            {datasetKinds[kind].label}
          </button>
        ))}
      </div>
      <Loaded />
      <Examples />
      {dataset.kind !== 'own' && (
        <div className={styles.sliders}>
          <Parameters spec={dataset} />
        </div>
      )}
      <Optimizer />
      <OwnData />
    </>
  );
}
