/** The run bar. Where there is no room for all of it, the rest is behind the three dots. */
import { useState } from 'react';
import { BackendMenu } from './BackendMenu';
import { Dots, Stairs } from './icons';
import { Knobs } from './Knobs';
import { Meters, Pocket } from './Meters';
import styles from './Toolbar.module.css';
import { Tools } from './Tools';
import { Repeat, Transport } from './Transport';
import { useNarrow } from './useNarrow';

export function Toolbar() {
  const [more, setMore] = useState(false);
  const narrow = useNarrow();
  return (
    <header className={styles.bar}>
      <h1 className={styles.brand}>
        <Stairs />
        <span>QAT Playground</span>
      </h1>
      <Transport />
      <Meters />
      <div className={styles.rest} data-open={more} id="more">
        {narrow && <Repeat />}
        <Knobs />
        <BackendMenu />
        <Tools />
      </div>
      <button
        type="button"
        className={`quiet ${styles.icon} ${styles.more}`}
        aria-label="More"
        aria-expanded={more}
        aria-controls="more"
        onClick={() => setMore(!more)}
      >
        <Dots />
      </button>
      <Pocket />
    </header>
  );
}
