import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { experimentFromFile, experimentToFile, maxFileBytes } from './file';
import golden from './link/golden.json';
import type { Experiment } from './schema';
import { experiments } from './testing/arbitrary';

const spirals = golden[0]!;
const experiment = spirals.experiment as unknown as Experiment;
const refusal = (text: string, name = 'run.json') => {
  const opened = experimentFromFile(text, name);
  return opened.ok ? 'accepted' : opened.message;
};
const file = (change: Record<string, unknown>) =>
  JSON.stringify({ format: 'qat-playground/experiment', version: 1, experiment, ...change });

describe('an experiment as a file', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(experiments, (each) => {
        const opened = experimentFromFile(experimentToFile(each), 'run.json');
        expect(opened).toEqual({ ok: true, experiment: each });
      }),
      { numRuns: 100 },
    );
  });

  test('is readable JSON that names its format, its version and the link', () => {
    const written = experimentToFile(experiment);
    expect(JSON.parse(written)).toEqual({
      format: 'qat-playground/experiment',
      version: 1,
      link: `#${spirals.link}`,
      experiment,
    });
    expect(written).toContain('\n    "seed": 42,\n');
    expect(written.endsWith('}\n')).toBe(true);
  });

  test('leaves out a link that is too long to be one', () => {
    const changes = Array.from({ length: 1000 }, (_, index) => ({
      kind: 'learningRate' as const,
      step: index + 1,
      value: 0.01,
    }));
    expect(JSON.parse(experimentToFile({ ...experiment, changes })).link).toBeUndefined();
  });

  test('plain text that holds a link opens, too', () => {
    for (const text of [spirals.link, `#${spirals.link}\n`, `https://example.org/#${spirals.link}`])
      expect(experimentFromFile(text, 'link.txt')).toEqual({ ok: true, experiment });
  });
});

describe('what is refused, in one sentence that names the file', () => {
  test.each([
    ['{"format": ', '“run.json” is not valid JSON: it may be cut off.'],
    ['{}', '“run.json” is JSON, but not an experiment of this playground.'],
    [file({ format: 'something else' }), '“run.json” is JSON, but not an experiment of this playground.'],
    [file({ version: 2 }), '“run.json” is of version 2, and this playground reads version 1.'],
    [file({ more: 1 }), '“run.json” has an entry that is not known here.'],
    [file({ experiment: undefined }), '“run.json”’s experiment is missing.'],
    [file({ link: 'x'.repeat(8001) }), '“run.json”’s link must have at most 8,000 characters.'],
    [file({ experiment: null }), '“run.json”: the experiment must be an object.'],
    [
      file({ experiment: { ...experiment, seed: 'a' } }),
      '“run.json”: the experiment’s seed must be a number.',
    ],
    [
      file({ experiment: { ...experiment, seed: undefined } }),
      '“run.json”: the experiment’s seed is missing.',
    ],
    [
      file({ experiment: { ...experiment, colour: 1 } }),
      '“run.json”: the experiment has an entry that is not known here.',
    ],
    [
      file({ experiment: { ...experiment, dataset: { kind: 'stars' } } }),
      '“run.json”: the experiment’s dataset, kind is not written as it should be.',
    ],
    [
      file({ experiment: { ...experiment, batchSize: 1e300 } }),
      '“run.json”: the experiment’s batch size must be at most 1,024.',
    ],
    [
      file({ experiment: { ...experiment, layers: [] } }),
      '“run.json”: the experiment’s network must have at least 1 entry.',
    ],
    ['', '“run.json” holds neither an experiment nor a link to one.'],
    ['Dear diary', '“run.json” holds neither an experiment nor a link to one.'],
    ['v=1&seed=1', '“run.json”: The link has no dataset (“data=”).'],
    [
      ' '.repeat(maxFileBytes + 1),
      '“run.json” is larger than 1 MB, the most that an experiment file may have.',
    ],
  ])('case %#', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  test('a long name is cut', () => {
    expect(refusal('', 'n'.repeat(200))).toBe(
      `“${'n'.repeat(39)}…” holds neither an experiment nor a link to one.`,
    );
  });

  test('entries named like an object’s own machinery are refused and change nothing', () => {
    const poisoned = file({}).replace('"seed":42', '"seed":42,"__proto__":{"polluted":1}');
    expect(refusal(poisoned)).toBe('“run.json”: the experiment has an entry that is not known here.');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('no text crashes the reader', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((json) => file({ experiment: JSON.parse(json) })),
        ),
        (text) => {
          expect(experimentFromFile(text, 'a')).toHaveProperty('ok', false);
        },
      ),
      { numRuns: 500 },
    );
    expect(refusal(`{"a":${'['.repeat(400_000)}`)).toBe('“run.json” is not valid JSON: it may be cut off.');
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(refusal(`{"format":"qat-playground/experiment","version":1,"experiment":${deep}}`)).toBe(
      '“run.json”: the experiment must be an object.',
    );
  });
});
