/** A row of tabs: arrow keys move, one of them is in the tab order (WAI-ARIA tabs pattern). */
import type { KeyboardEvent } from 'react';
import { help } from '../Term';
import styles from './Tabs.module.css';

interface Props<K extends string> {
  label: string;
  /** Prefix of the ids: `<id>-tab-<key>` labels the panel `<id>-panel`. */
  id: string;
  tabs: readonly { key: K; label: string; help?: string }[];
  selected: K;
  onSelect: (key: K) => void;
}

export function Tabs<K extends string>({ label, id, tabs, selected, onSelect }: Props<K>) {
  const move = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const index = tabs.findIndex(({ key }) => key === selected);
    const next = tabs[(index + by + tabs.length) % tabs.length]!.key;
    onSelect(next);
    document.getElementById(`${id}-tab-${next}`)?.focus();
  };
  return (
    <div className={styles.tabs} role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(({ key, label: text, help: more }) => (
        <button
          key={key}
          type="button"
          role="tab"
          id={`${id}-tab-${key}`}
          aria-selected={key === selected}
          aria-controls={`${id}-panel`}
          tabIndex={key === selected ? 0 : -1}
          onClick={() => onSelect(key)}
          {...help(more)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
