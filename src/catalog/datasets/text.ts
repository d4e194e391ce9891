/** What the text datasets are written in: their characters and how long a line may be. */

/** Inputs are ids, as float values; classes are the vocabulary. */
export interface TextInfo {
  /** Tokens of one character each; a token's index is its id. */
  vocabulary: readonly string[];
  /** Positions of the input: the longest prompt with its answer. */
  length: number;
  /** Id that fills the positions after the end. */
  padding: number;
  /** Id that ends an answer. */
  end: number;
}

/** Ends every prompt; the answer follows. */
export const answerMark = '=';
const endMark = '.';
const paddingMark = '_';

/** Lengths in characters; those of prompts without the answer mark. */
export const textLimits = {
  addition: { characters: '0123456789+', prompt: 5, answer: 3 },
  reversing: { characters: 'abcdefghijklmnopqrstuvwxyz', prompt: 6, answer: 6 },
  brackets: { characters: '()[]yn', prompt: 14, answer: 1 },
} as const;
export type TextKind = keyof typeof textLimits;

const infoOf = (kind: TextKind): TextInfo => {
  const { characters, prompt, answer } = textLimits[kind];
  const vocabulary = [...characters, answerMark, endMark, paddingMark];
  return {
    vocabulary,
    length: prompt + answerMark.length + answer,
    padding: vocabulary.indexOf(paddingMark),
    end: vocabulary.indexOf(endMark),
  };
};

/** A text kind's shape and vocabulary as its descriptor has them. */
export const textShape = (kind: TextKind) => {
  const text = infoOf(kind);
  return { view: 'text', inputShape: [text.length], classNames: text.vocabulary, text } as const;
};
