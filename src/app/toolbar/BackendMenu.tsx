/** The badge that names backend and adapter; a native select lies over it, so that it opens like any other. */

import { type BackendChoice, backendChoices, backendLabels } from '@/catalog/backends';
import { words } from '@/catalog/words';
import { useLive } from '@/store/live';
import { chooseBackend } from '@/store/session';
import { useWorkspace } from '@/store/workspace';
import { help } from '../Term';
import styles from './Toolbar.module.css';

export function BackendMenu() {
  const choice = useWorkspace((state) => state.backend);
  const backend = useLive((live) => live.backend);
  const waiting = useLive((live) => (live.state === 'paused' ? 'not started' : 'starting'));
  const exact = backend?.deterministic
    ? 'The same seed gives the same numbers here, bit for bit.'
    : backend?.name === 'wasm'
      ? 'Products are added without rounding them first: the last digits may differ from those of other machines and of the terminal.'
      : 'Here the last digits may differ from run to run.';
  // What Automatic would have taken first, and why it did not.
  const passedOver =
    choice === 'auto' && backend
      ? backendChoices
          .slice(1, backendChoices.indexOf(backend.name))
          .map((name) => (name === 'auto' ? '' : (backend.unavailable[name] ?? '')))
      : [];
  const why = (name: BackendChoice) => (name === 'auto' ? undefined : backend?.unavailable[name]);
  return (
    <div
      className={styles.backend}
      {...help(
        [words.backend.help, ...(backend ? [exact] : []), ...passedOver, backend?.oneThread]
          .filter(Boolean)
          .join(' '),
      )}
    >
      <i data-on={backend !== null} aria-hidden="true" />
      <span>{backend ? backendLabels[backend.name] : backendLabels[choice]}</span>
      <small>{backend ? backend.adapter : waiting}</small>
      <select
        aria-label="Backend"
        value={choice}
        onChange={(event) => chooseBackend(event.target.value as BackendChoice)}
      >
        {backendChoices.map((name) => {
          const reason = why(name);
          return (
            <option key={name} value={name} disabled={reason !== undefined}>
              {backendLabels[name]}
              {reason ? ` (${reason})` : ''}
            </option>
          );
        })}
      </select>
    </div>
  );
}
