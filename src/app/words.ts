/** The catalog's teaching texts, by key. */
export type WordKey = string;

export interface Word {
  label: string;
  unit?: string;
  help: string;
}

const found = Object.values(
  import.meta.glob<{ words: Record<string, Word> }>('../catalog/words.ts', { eager: true }),
)[0]?.words;

/** A key without a text is its own label. */
export const words = new Proxy({} as Record<WordKey, Word>, {
  get: (_, key: string): Word => found?.[key] ?? { label: key, help: '' },
});
