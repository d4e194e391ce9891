/** Text as ids and back. */
import { answerMark, datasetKinds, type TextInfo, type TextKind, textLimits } from '@/catalog/datasets';
import { textTasks } from './tasks';

/** A prompt as the network reads it, or why it cannot be one, in a sentence for the person. */
export type Prompt = { ids: number[]; text: string } | { problem: string };

/** Ids of a text whose characters are all in the vocabulary. */
export const idsOf = ({ vocabulary }: TextInfo, text: string): number[] =>
  [...text].map((character) => vocabulary.indexOf(character));

/** The text of ids; padding is left out, and an id that the vocabulary does not have shows as "?". */
export function textOf({ vocabulary, padding }: TextInfo, ids: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < ids.length; i++) if (ids[i] !== padding) text += vocabulary[ids[i]!] ?? '?';
  return text;
}

/** The prompt that ids begin with, its answer mark included; all of their text where there is no mark. */
export function promptOf(info: TextInfo, ids: ArrayLike<number>): string {
  const text = textOf(info, ids);
  const mark = text.indexOf(answerMark);
  return mark < 0 ? text : text.slice(0, mark + answerMark.length);
}

/** The answer that ids hold: what follows the answer mark, up to the end mark. Empty where there is none. */
export function answerOf(info: TextInfo, ids: ArrayLike<number>): string {
  const answer = textOf(info, ids).slice(promptOf(info, ids).length);
  const end = answer.indexOf(info.vocabulary[info.end]!);
  return end < 0 ? answer : answer.slice(0, end);
}

/**
 * What a person typed as a prompt in the form of the task's: spaces do not count, the answer mark may be left out, "7+5" is
 * 07+05.
 */
export function encodePrompt(kind: TextKind, typed: string): Prompt {
  const { form, howTo } = textTasks[kind];
  const { prompt: longest, characters } = textLimits[kind];
  const { text: info } = datasetKinds[kind];
  const plain = typed.replace(/\s+/gu, '').replace(/=$/u, '');
  if (plain === '') return { problem: howTo };
  const strange = [...plain].find((character) => !characters.includes(character.toLowerCase()));
  if (strange !== undefined) return { problem: `“${strange}” is not among the characters here. ${howTo}` };
  if ([...plain].length > longest)
    return { problem: `The prompt has ${[...plain].length} characters; the most is ${longest}.` };
  const prompt = form(plain);
  if (prompt === undefined) return { problem: howTo };
  return { ids: idsOf(info, prompt + answerMark), text: prompt + answerMark };
}
