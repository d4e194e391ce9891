/** A number that is typed: commits on Enter and when left, puts the old value back on Escape and on nonsense. */
import { useState } from 'react';
import { alertPerson, dismiss } from '@/store/notices';
import { help } from '../Term';
import styles from './controls.module.css';

export interface NumberBoxProps {
  value: number | undefined;
  /** Accessible name. */
  name: string;
  /** Start of the sentence if the number is refused; the accessible name if absent. */
  called?: string;
  min: number;
  max: number;
  integer?: boolean;
  /** The box shows value × scale: 100 for percent. */
  scale?: number;
  /** May be left empty; then the commit gets undefined. */
  optional?: boolean;
  helpText?: string;
  className?: string;
  disabled?: boolean;
  placeholder?: string;
  onCommit(value: number | undefined): void;
}

/** Without the noise of binary fractions: 0.07 × 100 is 7. */
const tidy = (value: number) => Number(value.toPrecision(12));
/** One sentence at a time: a refused number has already gone back to its old value. */
const notice = 'field';

export function NumberBox(props: NumberBoxProps) {
  const {
    value,
    name,
    called = name,
    min,
    max,
    integer = false,
    scale = 1,
    optional = false,
    onCommit,
  } = props;
  const shown = value === undefined ? '' : String(tidy(value * scale));
  /** What is being typed; null shows the value, whatever it has become. */
  const [typing, setTyping] = useState<string | null>(null);

  const commit = () => {
    if (typing === null) return;
    setTyping(null);
    const typed = typing.trim().replace(',', '.').replace('\u2212', '-');
    if (typed === shown) return;
    if (typed === '' && optional) return onCommit(undefined);
    const number = tidy(Number(typed) / scale);
    const fits = typed !== '' && number >= min && number <= max && (!integer || Number.isInteger(number));
    if (fits) {
      dismiss(notice);
      onCommit(number);
      return;
    }
    const [low, high] = [min, max].map((limit) => tidy(limit * scale));
    alertPerson(
      notice,
      `${called} must be a ${integer ? 'whole ' : ''}number from ${low} to ${high}${scale === 100 ? ' %' : ''}.`,
    );
  };

  return (
    <input
      className={`${styles.number} ${props.className ?? ''}`}
      type="text"
      inputMode={integer ? 'numeric' : 'decimal'}
      autoComplete="off"
      spellCheck={false}
      aria-label={name}
      disabled={props.disabled}
      placeholder={props.placeholder}
      value={typing ?? shown}
      {...help(props.helpText)}
      onChange={(event) => {
        dismiss(notice);
        setTyping(event.target.value);
      }}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
        if (event.key === 'Escape') setTyping(null);
      }}
    />
  );
}
