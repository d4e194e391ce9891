/**
 * The workbench below network and result: what compares, plans and deploys runs, one tab each. Closed, it is a row of
 * tabs; open, the charts of all runs stand beside the chosen panel.
 */
import { lazy, Suspense, useEffect, useRef } from 'react';
import { useLive } from '@/store/live';
import { pin } from '@/store/runs/actions';
import { useRuns } from '@/store/runs/runs';
import { useWorkspace } from '@/store/workspace';
import { ErrorBoundary } from '../frame/ErrorBoundary';
import { Tabs } from '../results/Tabs';
import { help } from '../Term';
import { type Panel, type PanelKey, panelKeys, panels } from './panels';
import styles from './Workbench.module.css';

/** Calls back when the page has nothing else to do. Safari's has no idle callbacks. */
const whenIdle = (callback: () => void): void => {
  if ('requestIdleCallback' in window) requestIdleCallback(callback);
  else setTimeout(callback, 1000);
};

/** One component a panel, made once: lazy() keeps what it has fetched. */
const components = Object.fromEntries(
  panelKeys.map((key) => [key, lazy(panels[key].load)]),
) as unknown as Record<PanelKey, ReturnType<typeof lazy>>;

const loadPareto = () => import('../runs/Pareto');
const Pareto = lazy(loadPareto);

/** Fetches the panels, and the charts beside them: what was opened once needs no network any more. */
const fetchAll = () =>
  Promise.allSettled([loadPareto(), ...panelKeys.map((key): Promise<unknown> => panels[key].load())]);

const tabs = panelKeys.map((key) => ({ key, label: panels[key].label, help: panels[key].help }));

export function Workbench() {
  const open = useWorkspace((state) => state.benchOpen);
  const chosen = useWorkspace((state) => state.bench);
  const count = useRuns((state) => state.runs.length);
  const key = panelKeys.find((one) => one === chosen) ?? 'runs';
  const { tall = false }: Panel = panels[key];
  const Component = components[key];
  const started = useLive((live) => live.backend !== null);
  useEffect(() => {
    if (started) whenIdle(() => void fetchAll());
  }, [started]);
  const ref = useRef<HTMLElement>(null);
  const shown = useRef(open && key);
  // What was asked for comes into view; what was open when the page began stays where it is.
  useEffect(() => {
    const asked = open && key;
    if (asked && asked !== shown.current) ref.current?.scrollIntoView({ block: 'nearest' });
    shown.current = asked;
  }, [open, key]);
  return (
    <section
      ref={ref}
      className={styles.bench}
      aria-labelledby="h-bench"
      data-open={open}
      data-tall={open && tall}
    >
      <h2 id="h-bench" className="sr">
        Workbench
      </h2>
      <div className={styles.main}>
        <div className={styles.head}>
          <Tabs
            label="Workbench"
            id="bench"
            tabs={tabs}
            selected={key}
            onSelect={(bench) => useWorkspace.setState({ bench, benchOpen: true })}
          />
          <span className="grow" />
          <span className={`hint ${styles.note}`}>
            {count === 0 ? 'Pin a run to compare it' : `${count} ${count === 1 ? 'run' : 'runs'}`}
          </span>
          <button
            type="button"
            onClick={() => void pin()}
            {...help(
              'Keeps this run as it is now, its experiment, curves and numbers, to compare it with others.',
            )}
          >
            Pin this run
          </button>
          <button
            type="button"
            className={`quiet ${styles.toggle}`}
            aria-expanded={open}
            aria-controls="bench-panel"
            aria-label={open ? 'Close the workbench' : 'Open the workbench'}
            onClick={() => useWorkspace.setState({ benchOpen: !open })}
          >
            <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
              <path d={open ? 'M2 4l4 4 4-4' : 'M2 8l4-4 4 4'} fill="none" stroke="currentColor" />
            </svg>
          </button>
        </div>
        <div
          id="bench-panel"
          role="tabpanel"
          aria-labelledby={`bench-tab-${key}`}
          className={styles.panel}
          hidden={!open}
        >
          {open && (
            <ErrorBoundary key={key} part>
              <Suspense fallback={null}>
                <Component />
              </Suspense>
            </ErrorBoundary>
          )}
        </div>
      </div>
      {open && (
        <div className={styles.side}>
          <ErrorBoundary part>
            <Suspense fallback={null}>
              <Pareto />
            </Suspense>
          </ErrorBoundary>
        </div>
      )}
    </section>
  );
}
