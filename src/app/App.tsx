/** The page: run bar, a line for messages, then data, network and result from left to right as a sentence, the workbench below. */
import { createTheme, MantineProvider } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect } from 'react';
import { summaryOf } from '@/experiment/summary';
import { useSettings } from '@/store/experiment';
import { useWorkspace } from '@/store/workspace';
import styles from './App.module.css';
import { Data } from './data/Data';
import { DropTarget } from './frame/DropTarget';
import { ErrorBoundary } from './frame/ErrorBoundary';
import { Messages } from './frame/Messages';
import { useShortcuts } from './frame/shortcuts';
import { Tips } from './frame/Tips';
import { Voice } from './frame/Voice';
import { Network } from './network/Network';
import { Results } from './results/Results';
import { Toolbar } from './toolbar/Toolbar';
import { Workbench } from './workbench/Workbench';

const theme = createTheme({
  fontFamily: 'var(--font)',
  defaultRadius: 'sm',
  cursorType: 'pointer',
  // A menu holds its items alone, and the first of them gets the focus.
  components: { Menu: { defaultProps: { withInitialFocusPlaceholder: false } } },
});

function Title() {
  const settings = useSettings();
  useEffect(() => {
    document.title = `${summaryOf(settings)} · QAT Playground`;
  }, [settings]);
  return null;
}

function Page() {
  useShortcuts();
  const open = useWorkspace((state) => state.benchOpen);
  return (
    <div className={styles.app} data-bench={open ? 'open' : 'closed'}>
      <Toolbar />
      <Messages />
      <main className={styles.main}>
        <section className={`${styles.region} ${styles.data}`} aria-labelledby="h-data">
          <Data />
        </section>
        <section className={`${styles.region} ${styles.network}`} aria-labelledby="h-network">
          <Network />
        </section>
        <section className={`${styles.region} ${styles.result}`} aria-labelledby="h-result">
          <Results />
        </section>
      </main>
      <Workbench />
      <Title />
      <Voice />
      <Tips />
      <DropTarget />
    </div>
  );
}

export function App() {
  const chosen = useWorkspace((state) => state.theme);
  const dark = useMediaQuery('(prefers-color-scheme: dark)', undefined, { getInitialValueInEffect: false });
  const scheme = chosen === 'auto' ? (dark ? 'dark' : 'light') : chosen;
  return (
    <MantineProvider theme={theme} forceColorScheme={scheme}>
      <ErrorBoundary>
        <Page />
      </ErrorBoundary>
    </MantineProvider>
  );
}
