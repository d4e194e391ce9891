/** The page: run bar, then data, network and result from left to right as a sentence. */
import { MantineProvider } from '@mantine/core';
import styles from './App.module.css';
import { Results } from './results/Results';

export function App() {
  return (
    <MantineProvider>
      <div className={styles.app}>
        <main className={styles.main}>
          <section className={`${styles.region} ${styles.result}`} aria-labelledby="h-result">
            <Results />
          </section>
        </main>
      </div>
    </MantineProvider>
  );
}
