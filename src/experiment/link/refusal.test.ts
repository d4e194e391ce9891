import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import golden from './golden.json';
import { decodeLink, maxLinkText } from './index';

const refusal = (text: string): string => {
  const decoded = decodeLink(text);
  return decoded.ok ? 'accepted' : decoded.message;
};
/** Two spirals, dense layers of 32, 32, 16 and 2 units. */
const mlp = golden[0]!;

describe('what is refused, in one sentence', () => {
  const { link } = mlp;
  const broken = (from: string, to: string) => {
    expect(link).toContain(from);
    return refusal(link.replace(from, to));
  };
  test.each([
    ['', 'The link is empty: nothing follows its “#”.'],
    ['#', 'The link is empty: nothing follows its “#”.'],
    ['https://example.org/', 'The address holds no experiment: it has no part that begins with “#”.'],
    ['hello', 'The link has a part that is not key=value: “hello”.'],
    ['seed=1', 'The link does not say its version (“v=”).'],
    ['v=2&anything=1', 'The link is of version “2”, and this playground reads version 1.'],
    ['v=1&v=1', 'The link has its part “v” twice.'],
    ['v=1', 'The link has no seed (“seed=”).'],
    ['v=1&__proto__=1', 'The link has a part that is not known here: “__proto__”.'],
    ['v=__proto__', 'The link is of version “__proto__”, and this playground reads version 1.'],
  ])('%j', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  test.each([
    ['seed=42', 'seed=4294967296', 'The link’s seed must be at most 4,294,967,295.'],
    ['seed=42', 'seed=-1', 'The link’s seed must be at least 0.'],
    ['seed=42', 'seed=1.5', 'The link’s seed must be a whole number.'],
    ['seed=42', 'seed=0x10', 'The link’s seed: “0x10” is not a number.'],
    ['seed=42', 'seed=Infinity', 'The link’s seed: “Infinity” is not a number.'],
    ['seed=42', 'seed=1e999', 'The link’s seed: “1e999” is not a number.'],
    ['seed=42', 'seed=', 'The link’s seed: “” is not a number.'],
    ['spirals', 'constructor', 'The link’s dataset is of a kind that is not known here: “constructor”.'],
    ['n=1600', 'n=1e9', 'The link’s dataset, samples must be at most 20,000.'],
    ['noise=0.04', 'noise=2000', 'The link’s dataset, noise must be at most 1.'],
    [';noise=0.04', '', 'The link’s dataset has no noise (“noise=”).'],
    ['noise=0.04', 'noise=0.04;noise=0.04', 'The link’s dataset gives its noise twice.'],
    ['noise=0.04', 'nose=0.04', 'The link’s dataset has a part that is not known here: “nose=0.04”.'],
    ['input=a8', 'input=8', 'The link’s input must be written as a and its bits.'],
    ['input=a8', 'input=a9', 'The link’s input, bits must be one of 32, 8, 7, 6, 5, 4, 3, 2, 1.'],
    ['dense;32;', 'dense;0;', 'The link’s network, layer 1, units must be at least 1.'],
    [
      'dense;32;w4',
      'dense;32;w4,lsq2',
      'The link’s network, layer 1, weights has a part that is not known here: “lsq2”.',
    ],
    [
      'dense;32;w4;a4_dense;32',
      'dense;32;w4;a4_pool;2_dense;32',
      'The link’s network, layer 2: Pooling needs an image before it; these values have no rows and columns.',
    ],
    [
      'dense;32;w4',
      'dense;w4',
      'The link’s network, layer 1: A dense layer before the last one needs a number of units.',
    ],
    [
      'dense;32;w4',
      'dense;32;relu;tanh;w4',
      'The link’s network, layer 1 gives its activation function twice.',
    ],
    ['adam;', 'adamw;', 'The link’s optimizer is of a kind that is not known here: “adamw”.'],
    ['lr=0.004', 'lr=0', 'The link’s optimizer, learning rate must be at least 0.000001.'],
    [
      'lr=0.004',
      'lr=0.004;momentum=0.9',
      'The link’s optimizer has a part that is not known here: “momentum=0.9”.',
    ],
    ['batch=32', 'batch=0', 'The link’s batch size must be at least 1.'],
    ['batch=32', 'batch=32&stop=0', 'The link’s stop condition, steps must be at least 1.'],
    ['batch=32', 'batch=32&stop=accuracy=2', 'The link’s stop condition, accuracy must be at most 1.'],
    ['batch=32', 'batch=32&do=5', 'The link’s changes, entry 1 names a step and nothing that changes there.'],
    [
      'batch=32',
      'batch=32&do=5;dense1.q3',
      'The link’s changes, entry 1 has a change that is not known here: “dense1.q3”.',
    ],
    ['batch=32', 'batch=32&do=0;w3', 'The link’s changes, change 1, step must be at least 1.'],
    [
      'batch=32',
      'batch=32&do=5;w3_4;w2',
      'The link’s changes: Step 4 stands after step 5; they must be in order.',
    ],
    [
      'batch=32',
      'batch=32&do=5;dense9.w3',
      'The link’s changes: Step 5 changes the weights of dense9, which the network does not have.',
    ],
    [
      'batch=32',
      'batch=32&do=5;input.w3',
      'The link’s changes: Step 5 changes the weights of input, which the network does not have.',
    ],
    ['&batch=32', '&batch=32&', 'The link has a part that is not key=value: “”.'],
    ['&batch=32', '&batch=32&amp;x=1', 'The link has a part that is not known here: “amp;x”.'],
  ])('%s → %s', (from, to, message) => {
    expect(broken(from, to)).toBe(message);
  });

  test('a text that is too long to be read', () => {
    expect(refusal('x'.repeat(maxLinkText + 1))).toBe(
      'The link has 100,001 characters; the most is 100,000.',
    );
  });

  test('bad percent-encoding', () => {
    const own = golden.find(({ experiment }) => experiment.dataset.kind === 'own');
    for (const code of ['%', '%2', '%zz', '%ff', '%C3%28', '%ED%A0%80'])
      expect(refusal((own?.link ?? '').replace(/name=[^;]*/, `name=a${code}`))).toBe(
        'The link’s dataset, name has a “%” that is not followed by the code of a character.',
      );
    expect(refusal((own?.link ?? '').replace(/name=[^;]*/, 'name=a%00'))).toBe(
      'The link’s dataset, name: A name may have 120 bytes and no hidden characters.',
    );
  });

  test('a network that is too large for any machine', () => {
    const huge = Array.from({ length: 20 }, () => 'dense;1024;w4;a4').join('_');
    expect(refusal(link.replace(/net=[^&]*/, `net=${huge}_dense;w8;a32`))).toMatch(
      /^The link’s network, layer 21: The network has [\d,]+ parameters; the most is 5,000,000\.$/,
    );
    expect(refusal(link.replace(/net=[^&]*/, `net=${'dense;1;w4;a4_'.repeat(5000)}dense;w8;a32`))).toBe(
      'The link’s network has more than 40 layers.',
    );
  });

  test('more changes than a run may record, however short they are written', () => {
    const many = `1${';w2'.repeat(30_000)}`;
    expect(refusal(`${link}&do=${many}`)).toBe('The link’s changes are more than 2,000.');
  });

  test('no message holds more than 40 characters of the input, nor any that are not printable ASCII', () => {
    const long = 'ä‮\u0007<script>'.repeat(100);
    for (const text of [
      long,
      `v=${long}`,
      `v=1&${long}=1`,
      link.replace('spirals', long),
      link.replace('42', long),
    ]) {
      const message = refusal(text);
      expect(message).not.toContain('‮');
      expect(message.length).toBeLessThan(140);
    }
  });
});

describe('no text crashes the decoder', () => {
  const bounded = (text: string) => {
    const decoded = decodeLink(text);
    if (!decoded.ok) expect(decoded.message).toMatch(/^The .*\.$/s);
  };

  test('arbitrary strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        bounded(text);
        bounded(`v=1&${text}`);
      }),
      { numRuns: 1000 },
    );
  });

  test('golden links with characters changed, dropped, doubled, or words of prototypes put in', () => {
    const words = [
      '__proto__',
      'constructor',
      'toString',
      '%',
      '&',
      '=',
      ';',
      ',',
      '_',
      '.',
      '#',
      '-1',
      '1e308',
      '٣',
      '\ud800',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...golden.map(({ link }) => link)),
        fc.array(
          fc.tuple(fc.nat(), fc.nat(12), fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 }))),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        (link, mutations) => {
          const text = mutations.reduce((before, [at, drop, put]) => {
            const index = at % before.length || 0;
            return before.slice(0, index) + put + before.slice(index + drop);
          }, link);
          bounded(text);
        },
      ),
      { numRuns: 3000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  // The work grows with the length alone: what would take quadratic time runs into the test's own limit.
  test('a text as long as is read is refused or read', () => {
    const { link } = mlp;
    const fill = (unit: string) => unit.repeat(Math.floor((maxLinkText - link.length - 10) / unit.length));
    for (const unit of [
      'a',
      '&',
      'a=1&',
      '%',
      '%41',
      '0',
      '9',
      'é',
      ';',
      '_',
      'w2;',
      '1;w2_',
      'dense1,',
      '[',
    ])
      for (const text of [
        fill(unit),
        `${link}&${fill(unit)}`,
        `${link}&do=1;${fill(unit)}`,
        link.replace('net=', `net=${fill(unit)}`),
        link.replace('spirals;', `own;name=${fill(unit)};`),
        link.replace('seed=', `seed=${fill(unit)}`),
      ])
        bounded(text);
  });
});
