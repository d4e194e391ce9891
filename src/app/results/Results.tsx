/** The result region: float, PTQ and QAT side by side, their curves, and the model's size. */
import { lazy, Suspense, useMemo } from 'react';
import { datasetInfo } from '@/catalog/datasets';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { useWorkspace } from '@/store/workspace';
import { ChartMenu } from '../charts/ChartMenu';
import { count, plural } from '../format';
import { help } from '../Term';
import { confusionAsCsv } from './confusionRows';
import { Footer } from './Footer';
import { isSaved, type PictureKind, Pictures, pictureKinds, pictureWords } from './Pictures';
import styles from './Results.module.css';
import { Size } from './Size';
import { Tabs } from './Tabs';

/** With its chart library in a chunk of its own, fetched at once: what opens the page stays short. */
const loading = import('./Curves');
const Curves = lazy(async () => ({ default: (await loading).Curves }));

const examples = { points: 'point', images: 'image', table: 'row', text: 'line' } as const;

/** The panel below the tabs, titles and figures of the three networks included. */
const panel = (region: HTMLElement, title: string) => [
  { chart: region.querySelector('#result-panel')!, title },
];

const csvOf: Partial<Record<PictureKind, () => string>> = {
  confusion: () => {
    const { predictions, preview } = useLive.getState();
    return confusionAsCsv(predictions?.confusion, preview?.classNames ?? []);
  },
};

export function Results() {
  const dataset = useExperiment((state) => state.experiment.dataset);
  const tab = useWorkspace((state) => state.resultTab);
  const info = useMemo(() => datasetInfo(dataset), [dataset]);
  const { view, test } = info;
  // Untrained, or before the first evaluation, nothing has been left out.
  const judged = useLive((live) => live.predictions?.classes.qat.length || test);
  const kinds = pictureKinds(info);
  const kind = kinds.find((each) => each === tab) ?? kinds[0]!;
  return (
    <div className={styles.results} data-chart>
      <div className={styles.head}>
        <h2 id="h-result">Result</h2>
        <span
          className="hint"
          {...help(
            'While it trains, the test set is judged by its first examples, by more of them the longer it runs; a pause judges all of it.',
          )}
        >
          test set, {judged < test ? `first ${count(judged)} of ` : ''}
          {plural(test, examples[view])}
        </span>
        <span className="grow" />
        <Tabs
          label="Picture of the result"
          id="result"
          tabs={kinds.map((key) => ({ key, ...pictureWords[key] }))}
          selected={kind}
          onSelect={(key) => useWorkspace.setState({ resultTab: key === kinds[0] ? 'picture' : key })}
        />
        {isSaved(kind) && (
          <ChartMenu key={kind} name={pictureWords[kind].label} parts={panel} csv={csvOf[kind]} inline />
        )}
      </div>
      <div id="result-panel" role="tabpanel" aria-labelledby={`result-tab-${kind}`}>
        <Pictures kind={kind} />
      </div>
      <Suspense fallback={<div className={styles.curves} />}>
        <Curves />
      </Suspense>
      <Size />
      <Footer />
    </div>
  );
}
