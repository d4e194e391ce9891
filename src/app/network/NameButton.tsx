/** A strip is selected by a click anywhere on it, or by the keyboard on its name. */
import { selectLayer } from '@/store/session';
import styles from './Desk.module.css';

export const NameButton = ({ name, selected }: { name: string; selected: boolean }) => (
  <button
    type="button"
    className={styles.name}
    data-strip={name}
    aria-pressed={selected}
    onClick={() => selectLayer(name)}
  >
    {name}
  </button>
);

/** The mouse's way to select; the name button is the keyboard's. */
export const stripProps = (name: string, selected: boolean) => ({
  'data-selected': selected,
  onClick: () => !selected && selectLayer(name),
});
