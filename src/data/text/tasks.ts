/** The tasks: distinct prompts, each ending in the answer mark, and the exact answer to a prompt. */
import { answerMark, type TextKind, textLimits } from '@/catalog/datasets';
import type { Random } from '../random';

export interface TextTask {
  /** So many different prompts, in random order. */
  prompts(count: number, random: Random): string[];
  /** The answer to a prompt that has the form of the task's. */
  answer(prompt: string): string;
  /** What a person typed, without spaces and answer mark, as the task writes it; undefined where it is not of its form. */
  form(typed: string): string | undefined;
  /** How a prompt is written, for the person. */
  howTo: string;
}

const shuffled = <T>(values: readonly T[], random: Random): T[] =>
  Array.from(random.permutation(values.length), (row) => values[row]!);

/** So many different texts; `draw` is told how often in a row it drew what was there, and must find more room then. */
function distinct(count: number, draw: (repeats: number) => string): string[] {
  const found = new Set<string>();
  let repeats = 0;
  while (found.size < count) {
    const { size } = found;
    found.add(draw(repeats));
    repeats = found.size === size ? repeats + 1 : 0;
  }
  return [...found];
}

const body = (prompt: string) => prompt.slice(0, -answerMark.length);
const twoDigits = (value: number) => String(value).padStart(2, '0');
const numbers = 100;

const addition: TextTask = {
  prompts: (count, random) =>
    Array.from(
      random.permutation(numbers * numbers).subarray(0, count),
      (pair) => `${twoDigits(Math.floor(pair / numbers))}+${twoDigits(pair % numbers)}${answerMark}`,
    ),
  answer: (prompt) => {
    const [a = 0, b = 0] = body(prompt).split('+').map(Number);
    return String(a + b);
  },
  form(typed) {
    const [, a, b] = /^(\d{1,2})\+(\d{1,2})$/.exec(typed) ?? [];
    return a && b && `${twoDigits(Number(a))}+${twoDigits(Number(b))}`;
  },
  howTo: 'Write two numbers below 100 with a plus sign between them, such as 12+34.',
};

const letters = textLimits.reversing.characters;
const shortest = 3;

const reversing: TextTask = {
  prompts: (count, random) => {
    const lengths = textLimits.reversing.prompt - shortest + 1;
    const word = () => {
      const length = shortest + random.int(lengths);
      return Array.from({ length }, () => letters[random.int(letters.length)]).join('');
    };
    return shuffled(distinct(count, word), random).map((text) => text + answerMark);
  },
  answer: (prompt) => [...body(prompt)].reverse().join(''),
  form: (typed) => (/^[a-z]+$/i.test(typed) ? typed.toLowerCase() : undefined),
  howTo: `Write up to ${textLimits.reversing.prompt} letters from a to z, such as abc.`,
};

const opening = '([';
const closing = ')]';
const pairs = { least: 2, most: textLimits.brackets.prompt / 2 };
/** Drawing so often what is there already makes the strings a pair longer: there are few short ones. */
const patience = 4;

/** Whether every bracket is closed by its own kind, in order. */
function balanced(text: string): boolean {
  const open: number[] = [];
  for (const character of text) {
    const kind = opening.indexOf(character);
    if (kind >= 0) open.push(kind);
    else if (open.pop() !== closing.indexOf(character)) return false;
  }
  return open.length === 0;
}

/** A balanced string of so many pairs. */
function drawBalanced(count: number, random: Random): string {
  const open: number[] = [];
  let toOpen = count;
  let text = '';
  while (toOpen > 0 || open.length > 0) {
    const opens = open.length === 0 || (toOpen > 0 && random.int(2) === 0);
    if (opens) {
      const kind = random.int(opening.length);
      open.push(kind);
      text += opening[kind];
      toOpen--;
    } else text += closing[open.pop()!];
  }
  return text;
}

/** A balanced string spoilt by one other bracket, or by two that change places, so that counting them is not enough. */
function drawUnbalanced(count: number, random: Random): string {
  for (;;) {
    const characters = [...drawBalanced(count, random)];
    const at = random.int(characters.length);
    if (random.int(2) === 0) {
      characters[at] = (opening + closing)[random.int(4)]!;
    } else {
      const other = random.int(characters.length);
      [characters[at], characters[other]] = [characters[other]!, characters[at]!];
    }
    const text = characters.join('');
    if (!balanced(text)) return text;
  }
}

const brackets: TextTask = {
  prompts: (count, random) => {
    const size = (repeats: number) => {
      const drawn = pairs.least + random.int(pairs.most - pairs.least + 1);
      return Math.min(pairs.most, drawn + Math.floor(repeats / patience));
    };
    const some = (many: number, draw: (count: number, random: Random) => string) =>
      shuffled(
        distinct(many, (repeats) => draw(size(repeats), random)),
        random,
      );
    const right = some(Math.ceil(count / 2), drawBalanced);
    const wrong = some(Math.floor(count / 2), drawUnbalanced);
    // By turns, so that either answer is half of every part.
    return Array.from({ length: count }, (_, i) => (i % 2 ? wrong : right)[i >> 1] + answerMark);
  },
  answer: (prompt) => (balanced(body(prompt)) ? 'y' : 'n'),
  form: (typed) => (/^[()[\]]+$/.test(typed) ? typed : undefined),
  howTo: `Write up to ${textLimits.brackets.prompt} round and square brackets, such as ([]).`,
};

export const textTasks = { addition, reversing, brackets } as const satisfies Record<TextKind, TextTask>;

/** The right answer to a prompt that encodePrompt accepted, with or without its answer mark. */
export const answerTo = (kind: TextKind, prompt: string): string =>
  textTasks[kind].answer(prompt.endsWith(answerMark) ? prompt : prompt + answerMark);
