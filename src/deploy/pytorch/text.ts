/** Values as Python writes them. Nothing of a person's gets into code but through `text`. */

/** A string literal of ASCII characters alone, on one line, that ends where it should whatever is in it. */
export const text = (value: string): string =>
  `"${value.replaceAll(/[^ !#-[\]-~]/gu, (character) => `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`)}"`;

export const bool = (value: boolean): string => (value ? 'True' : 'False');
export const tuple = (values: readonly number[]): string =>
  `(${values.join(', ')}${values.length === 1 ? ',' : ''})`;
