/**
 * Teaching tooltips. `<Term name="sqnr"/>` is a label whose explanation comes from the catalog; `help()` gives any other
 * element one. A single tooltip serves the page (see Tips): a desk of 24 layers needs no hundred tooltip components.
 */
import type { ReactNode } from 'react';
import { type WordKey, words } from '@/catalog/words';
import styles from './Term.module.css';

/** Attributes that give an element an explanation on hover, focus and tap. */
export const help = (text: string | undefined) => (text ? { 'data-help': text } : {});

/** The catalog's explanation of a word, with something of the moment added to it. */
export const wordHelp = (name: WordKey, more = '') => help(`${words[name].help}${more ? ` ${more}` : ''}`);

interface Props {
  name: WordKey;
  /** Instead of the catalog's label. */
  children?: ReactNode;
  /** One more sentence for the tooltip. */
  more?: string;
}

/** A label with its explanation; in the tab order, so that the keyboard reaches the explanation too. */
export function Term({ name, children, more }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the tooltip must be reachable without a mouse
    <span className={styles.term} tabIndex={0} {...wordHelp(name, more)}>
      {children ?? words[name].label}
    </span>
  );
}
