import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datasetInfo, datasetKinds, datasetSchema, type TextKind, textLimits } from '@/catalog/datasets';
import { emptySplit, type Split } from '../dataset';
import { generate } from '../generate';
import { stream } from '../random';
import { answerOf, answerTo, encodePrompt, promptOf, type TextSpec, textOf } from './index';
import { textTasks } from './tasks';

const kinds = Object.keys(textLimits) as TextKind[];
const spec = (kind: TextKind, changes: Partial<TextSpec> = {}) =>
  ({ ...datasetKinds[kind].defaults, ...changes }) as TextSpec;
const rows = ({ count, x, y }: Split, length: number) =>
  Array.from({ length: count }, (_, i) => ({
    x: [...x.subarray(i * length, (i + 1) * length)],
    y: [...y.subarray(i * length, (i + 1) * length)],
  }));

/** The answers, found in another way than the tasks do. */
const independent: Record<TextKind, (prompt: string) => string> = {
  addition: (prompt) => {
    const [, a, b, c, d] = /^(\d)(\d)\+(\d)(\d)=$/.exec(prompt)!;
    const [tens, units] = [Number(a) + Number(c), Number(b) + Number(d)];
    return `${10 * tens + units}`;
  },
  reversing: (prompt) => prompt.slice(0, -1).split('').reverse().join(''),
  brackets: (prompt) => {
    let text = prompt.slice(0, -1);
    for (let before = ''; before !== text; ) {
      before = text;
      text = text.replace('()', '').replace('[]', '');
    }
    return text === '' ? 'y' : 'n';
  },
};

describe.each(kinds)('%s', (kind) => {
  const { text } = datasetKinds[kind];
  const prompt = fc
    .integer({ min: 0, max: 2 ** 32 - 1 })
    .map((seed) => textTasks[kind].prompts(1, stream(seed, 'prompt'))[0]!);

  test('has the counts and shapes that datasetInfo foretells, and no prompt twice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 800 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (samples, testShare, validationShare, seed) => {
          const asked = datasetSchema.parse({ kind, samples, testShare, validationShare }) as TextSpec;
          const info = datasetInfo(asked);
          const made = generate(asked, seed);
          expect(made).toMatchObject({ view: 'text', inputShape: info.inputShape });
          expect(made.classNames).toEqual(text.vocabulary);
          expect(info.classes).toBe(made.classNames.length);
          expect(made.labelsPerExample).toBe(text.length);
          const prompts = new Set<string>();
          for (const part of ['train', 'validation', 'test'] as const) {
            const { count, x, y } = made[part];
            expect(count).toBe(info[part]);
            expect([x.length, y.length]).toEqual([count * text.length, count * text.length]);
            for (const row of rows(made[part], text.length)) prompts.add(promptOf(text, row.x));
          }
          expect(prompts.size).toBe(samples);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('asks for the exact answer and its end, and for nothing else', () => {
    const { train, test: tests } = generate(spec(kind, { samples: 2000 }), 3);
    for (const { x, y } of [...rows(train, text.length), ...rows(tests, text.length)]) {
      const asked = promptOf(text, x);
      const answer = answerOf(text, x);
      expect(answer).toBe(independent[kind](asked));
      expect(textOf(text, x)).toBe(asked + answer);
      // What is asked for at each position is what stands at the next, and the end behind the last.
      const line = [...asked, ...answer];
      expect(x.slice(line.length)).toEqual(new Array(text.length - line.length).fill(text.padding));
      expect(y).toEqual(
        Array.from({ length: text.length }, (_, i) => {
          if (i < asked.length - 1 || i >= line.length) return -1;
          return i === line.length - 1 ? text.end : text.vocabulary.indexOf(line[i + 1]!);
        }),
      );
    }
  });

  test('is the same for the same seed, and another for another', () => {
    const asked = spec(kind, { samples: 300 });
    expect(generate(asked, 5)).toEqual(generate(asked, 5));
    expect(generate(asked, 6).train.x).not.toEqual(generate(asked, 5).train.x);
  });

  test('takes its validation part from the training part, and leaves the test part as it was', () => {
    const before = generate(spec(kind, { samples: 300, validationShare: 0 }), 4);
    const after = generate(spec(kind, { samples: 300, validationShare: 0.25 }), 4);
    expect(after.test).toEqual(before.test);
    expect(before.validation).toEqual(emptySplit(before.train));
    expect([...rows(after.train, text.length), ...rows(after.validation, text.length)]).toEqual(
      rows(before.train, text.length),
    );
  });

  test('holds as many examples as it may have', () => {
    const [samples] = datasetKinds[kind].fields;
    const { train, test: tests } = generate(spec(kind, { samples: samples.max, validationShare: 0 }), 1);
    expect(train.count + tests.count).toBe(samples.max);
  });

  test('a prompt becomes ids and back, however it is typed', () => {
    fc.assert(
      fc.property(prompt, (written) => {
        for (const typed of [written, written.slice(0, -1), ` ${written.split('').join(' ')}\n`]) {
          const encoded = encodePrompt(kind, typed);
          expect(encoded).toHaveProperty('text', written);
          if (!('ids' in encoded)) continue;
          expect(textOf(text, encoded.ids)).toBe(written);
          expect(encoded.ids.length).toBeLessThan(text.length);
        }
        expect(answerTo(kind, written)).toBe(independent[kind](written));
        expect(answerTo(kind, written.slice(0, -1))).toBe(independent[kind](written));
      }),
    );
  });

  test('anything typed is either a prompt of the vocabulary that fits, or refused in a sentence', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0+=()[]yn aB.') })),
        (typed) => {
          const encoded = encodePrompt(kind, typed);
          if ('problem' in encoded) expect(encoded.problem).toMatch(/^\S.*\.$/u);
          else {
            expect(encoded.ids.every((id) => id >= 0 && id < text.vocabulary.length)).toBe(true);
            expect(encoded.ids).not.toContain(text.padding);
            expect(encoded.ids.length + textLimits[kind].answer).toBeLessThanOrEqual(text.length);
            expect(answerTo(kind, encoded.text).length).toBeLessThanOrEqual(textLimits[kind].answer);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('a sum may be typed with single digits', () => {
  expect(encodePrompt('addition', '7+5')).toMatchObject({ text: '07+05=' });
  expect(answerTo('addition', '07+05=')).toBe('12');
  expect(answerTo('addition', '99+99')).toBe('198');
  expect(answerTo('addition', '00+00')).toBe('0');
});

test('letters may be typed large', () => {
  expect(encodePrompt('reversing', 'Hello')).toMatchObject({ text: 'hello=' });
});

test.each([
  ['addition', '', 'Write two numbers below 100 with a plus sign between them, such as 12+34.'],
  ['addition', '12', 'Write two numbers below 100 with a plus sign between them, such as 12+34.'],
  ['addition', '1+2+3', 'Write two numbers below 100 with a plus sign between them, such as 12+34.'],
  ['addition', '123+4', 'Write two numbers below 100 with a plus sign between them, such as 12+34.'],
  ['addition', '123+45', 'The prompt has 6 characters; the most is 5.'],
  [
    'addition',
    '3×4',
    '“×” is not among the characters here. Write two numbers below 100 with a plus sign between them, such as 12+34.',
  ],
  ['reversing', 'abcdefg', 'The prompt has 7 characters; the most is 6.'],
  [
    'reversing',
    'naïve',
    '“ï” is not among the characters here. Write up to 6 letters from a to z, such as abc.',
  ],
  ['brackets', '(y)', 'Write up to 14 round and square brackets, such as ([]).'],
  ['brackets', '()'.repeat(8), 'The prompt has 16 characters; the most is 14.'],
] as const)('%s refuses “%s”', (kind, typed, problem) => {
  expect(encodePrompt(kind, typed)).toEqual({ problem });
});

test('what a network writes is read up to the end mark, padding or not', () => {
  const { text } = datasetKinds.addition;
  const ids = (line: string) => [...line].map((character) => text.vocabulary.indexOf(character));
  expect(answerOf(text, ids('12+34=46.'))).toBe('46');
  expect(answerOf(text, ids('12+34=46.99'))).toBe('46');
  expect(answerOf(text, ids('12+34='))).toBe('');
  expect(answerOf(text, ids('12+34'))).toBe('');
  expect(textOf(text, [1, 99, text.padding])).toBe('1?');
});

describe('brackets', () => {
  const { train, validation, test: tests } = generate(spec('brackets'), 2);
  const { text } = datasetKinds.brackets;
  test('either answer is half of every part', () => {
    for (const part of [train, validation, tests]) {
      const answers = rows(part, text.length).map(({ x }) => answerOf(text, x));
      expect(Math.abs(answers.filter((answer) => answer === 'y').length - part.count / 2)).toBeLessThan(1);
    }
  });
  test('counting the brackets of each kind does not tell the answer', () => {
    const even = rows(train, text.length).filter(({ x }) => {
      const prompt = promptOf(text, x);
      const many = (character: string) => prompt.split(character).length;
      return many('(') === many(')') && many('[') === many(']');
    });
    const right = even.filter(({ x }) => answerOf(text, x) === 'y');
    expect(right.length / even.length).toBeLessThan(0.8);
  });
});

test('a prompt of every length is in every part of the letters', () => {
  const { train, test: tests } = generate(spec('reversing'), 2);
  const { text } = datasetKinds.reversing;
  for (const part of [train, tests]) {
    const lengths = rows(part, text.length).map(({ x }) => promptOf(text, x).length - 1);
    for (const length of [3, 4, 5, 6]) {
      const share = lengths.filter((other) => other === length).length / part.count;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.04);
    }
  }
});
