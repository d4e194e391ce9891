/** The result region: float, PTQ and QAT side by side, their curves, and the model's size. */
import { lazy, Suspense, useMemo } from 'react';
import { datasetInfo } from '@/catalog/datasets';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { useWorkspace } from '@/store/workspace';
import { count, plural } from '../format';
import { help } from '../Term';
import { Footer } from './Footer';
import { Pictures, pictureKinds, pictureWords } from './Pictures';
import styles from './Results.module.css';
import { Size } from './Size';
import { Tabs } from './Tabs';

/** With its chart library in a chunk of its own, fetched at once: what opens the page stays short. */
const loading = import('./Curves');
const Curves = lazy(async () => ({ default: (await loading).Curves }));

const examples = { points: 'point', images: 'image', table: 'row', text: 'line' } as const;

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
    <div className={styles.results}>
      <div className={styles.head}>
        <h2 id="h-result">Result</h2>
        <span
          className="hint"
          {...help(
            'While it trains, a large test set is judged by its first examples; a pause judges all of it.',
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
