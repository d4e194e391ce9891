import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvColumns, csvDataset } from './csv';
import type { Split } from './dataset';
import { DataFileError } from './error';
import { stream } from './random';

const read = (text: string, label: number) => csvDataset(text, 'mine.csv', label, stream(1, 'data/split'));
const message = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(DataFileError);
    return (error as Error).message;
  }
  return 'accepted';
};
/** Rows "i, 2i, class" under a header. */
const table = (rows: number, separator = ',', end = '\n') =>
  ['a,b,label', ...Array.from({ length: rows }, (_, i) => `${i},${2 * i},${i % 2 ? 'odd' : 'even'}`)]
    .join(end)
    .replaceAll(',', separator);
const rowsOf = ({ count, x }: Split) => {
  const size = x.length / count;
  return Array.from({ length: count }, (_, i) => [...x.subarray(i * size, (i + 1) * size)]);
};

describe('columns', () => {
  test('take their names from the header, the sample is the first five rows', () => {
    expect(csvColumns(table(8), 'mine.csv')).toEqual({
      columns: ['a', 'b', 'label'],
      sample: [0, 1, 2, 3, 4].map((i) => [String(i), String(2 * i), i % 2 ? 'odd' : 'even']),
      suggestion: 2,
    });
  });

  test('are numbered without a header', () => {
    const { columns, sample } = csvColumns('1,2,x\n3,4,y\n', 'mine.csv');
    expect(columns).toEqual(['column 1', 'column 2', 'column 3']);
    expect(sample).toEqual([
      ['1', '2', 'x'],
      ['3', '4', 'y'],
    ]);
  });

  test('may be named by numbers among words, as pixels are', () => {
    expect(csvColumns('label,0,1\n7,0,255\n3,9,0', 'mine.csv')).toMatchObject({
      columns: ['label', '0', '1'],
      suggestion: 0,
    });
  });

  test('a word in the first row of data does not make it a header', () => {
    expect(csvColumns('3,abc,1\n4,3,0\n4,3,1', 'mine.csv').columns[0]).toBe('column 1');
    expect(csvColumns('5.1,abc,1\n4.9,3,0\n4.7,3.2,1', 'mine.csv').columns[0]).toBe('column 1');
  });

  test('a header is found though a row has a mistake', () => {
    expect(csvColumns('x,label\n1,a\nfoo,b\n2,a\n', 'mine.csv').columns).toEqual(['x', 'label']);
  });

  test.each([',', ';', '\t', '|'])('are found with the delimiter %j and any line ends', (separator) => {
    for (const end of ['\n', '\r\n', '\r'])
      expect(csvColumns(table(6, separator, end), 'mine.csv').columns).toEqual(['a', 'b', 'label']);
  });

  test('quoted cells may hold delimiters and line breaks; blank lines are passed over', () => {
    const text = '\n"a, or b","c\nd"\n\n1,"x, y"\n2,z\n';
    expect(csvColumns(text, 'mine.csv')).toMatchObject({
      columns: ['a, or b', 'c d'],
      sample: [
        ['1', 'x, y'],
        ['2', 'z'],
      ],
    });
  });

  test('that are long come shortened', () => {
    const { columns } = csvColumns(`${'n'.repeat(1000)},b\n1,2`, 'mine.csv');
    expect(columns[0]!.length).toBe(60);
  });
});

describe('a dataset', () => {
  test('has a fifth of the rows for testing, in proportion, with each row once', () => {
    const { inputShape, classNames, train, test: tests } = read(table(100), 2);
    expect(inputShape).toEqual([2]);
    expect(classNames).toEqual(['even', 'odd']);
    expect([train.count, tests.count]).toEqual([80, 20]);
    expect(tests.y.filter((label) => label === 1).length).toBe(10);
    const first = [...rowsOf(train), ...rowsOf(tests)].map(([a]) => a!);
    expect(new Set(first).size).toBe(100);
  });

  test('is standardised by the mean and the deviation of its training part', () => {
    const { train, test: tests } = read(table(100), 2);
    for (const feature of [0, 1]) {
      const column = rowsOf(train).map((row) => row[feature]!);
      const mean = column.reduce((sum, value) => sum + value, 0) / 80;
      expect(mean).toBeCloseTo(0, 6);
      expect(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 80).toBeCloseTo(1, 5);
    }
    // Both features are the same but for their scale, in the test part as well.
    for (const [a, b] of rowsOf(tests)) expect(a).toBeCloseTo(b!, 6);
  });

  test('keeps the label with its row', () => {
    const { train, test: tests } = read(table(50), 2);
    const pairs = [train, tests].flatMap((part) => rowsOf(part).map(([a], i) => [a!, part.y[i]!] as const));
    pairs.sort(([a], [b]) => a - b);
    expect(pairs.map(([, label]) => label)).toEqual(Array.from({ length: 50 }, (_, i) => i % 2));
  });

  test('has 0 for constant columns, also for large numbers', () => {
    const text = Array.from({ length: 30 }, (_, i) => `0.1,1700000000.3,${i},${i % 3}`).join('\n');
    const { train, test: tests } = read(text, 3);
    for (const [first, second] of [...rowsOf(train), ...rowsOf(tests)])
      expect([first, second]).toEqual([0, 0]);
  });

  test('keeps small differences of large numbers, and outliers finite', () => {
    const text = Array.from(
      { length: 40 },
      (_, i) => `${1.7e9 + (i % 4)},${i === 7 ? 1e140 : i},${i % 2}`,
    ).join('\n');
    const { train } = read(text, 2);
    const column = rowsOf(train).map(([value]) => value!);
    expect(new Set(column).size).toBe(4);
    expect(Math.max(...column) - Math.min(...column)).toBeCloseTo(3 / Math.sqrt(1.25), 0);
    expect(train.x.every(Number.isFinite)).toBe(true);
  });

  test('sorts numeric classes by value, "1" and "1.0" being one, and others as text', () => {
    expect(read('1,10\n2,9\n3,1.0\n4,1\n5,-2\n6,10', 1).classNames).toEqual(['-2', '1', '9', '10']);
    expect(read('1,10\n2,9\n3,b\n4,B', 1).classNames).toEqual(['10', '9', 'B', 'b']);
  });

  test('may have its label in any column, and reads all ways to write a number', () => {
    const { train, test: tests } = read('c,1, +2.5 \nd,-.5,1e-3\nc,3.,-2E+2\nd,4,0', 0);
    expect(train.count + tests.count).toBe(4);
  });

  test('is the same for the same stream', () => {
    expect(read(table(40), 2)).toEqual(read(table(40), 2));
  });
});

describe('refused in a sentence that says where', () => {
  test('text in a column of numbers', () => {
    expect(message(() => read('age,label\n1,a\nfoo,b\n3,a\n', 1))).toBe(
      '"mine.csv", line 3, column "age": "foo" is not a number; correct it or leave the column out.',
    );
    expect(message(() => read('5.1,abc,1\n4.9,3,0\n', 2))).toMatch('line 1, column "column 2": "abc"');
    for (const cell of ['NaN', 'Infinity', '1e999', '0x10', '1_000', '1 2'])
      expect(message(() => read(`x,label\n1,a\n${cell},b\n2,b`, 1))).toMatch(`line 3, column "x": "${cell}"`);
  });

  test('the line counts blank lines and line breaks within quotes', () => {
    expect(message(() => read('x,label\n\n1,"a\nb"\nfoo,b\n3,b', 1))).toMatch('line 5,');
  });

  test('an empty cell', () => {
    expect(message(() => read('x,label\n1,a\n,b\n', 1))).toBe(
      '"mine.csv", line 3, column "x": the cell is empty; fill it in or leave the row out.',
    );
    expect(message(() => read('x,label\n1,a\n2, \n', 1))).toMatch(
      'line 3, column "label": the cell is empty',
    );
  });

  test('a row with more or fewer cells', () => {
    expect(message(() => read('x,label\n1,a\n2\n', 1))).toBe(
      '"mine.csv", line 3: it has 1 cell where the first line has 2; give every line the same cells.',
    );
    expect(message(() => read('x,label\n1,a\n2,b,c\n', 1))).toMatch('line 3: it has 3 cells');
  });

  test('quotation marks that are not closed', () => {
    expect(message(() => read('x,label\n1,a\n2,"b\n3,c\n', 1))).toMatch(/line 3: a quotation mark/);
  });

  test('a file without rows or with a single column', () => {
    expect(message(() => csvColumns('', 'mine.csv'))).toMatch('"mine.csv" is empty');
    expect(message(() => csvColumns('\n\n', 'mine.csv'))).toMatch('"mine.csv" is empty');
    expect(message(() => csvColumns('1\n2\n3', 'mine.csv'))).toMatch('has a single column');
    expect(message(() => read('1,2', 1))).toMatch('has a single row');
  });

  test('one class or more than 100', () => {
    expect(message(() => read('1,a\n2,a\n3,a', 1))).toMatch('same value in every row of column "column 2"');
    const rows = Array.from({ length: 101 }, (_, i) => `${i},${i}`).join('\n');
    expect(message(() => read(rows, 1))).toMatch('more than 100 different values in column "column 2"');
  });

  test('a label column that is not there', () => {
    for (const column of [2, -1, 0.5, Number.NaN])
      expect(message(() => read('1,a\n2,b', column))).toMatch('no column');
  });

  test('more than 4,096 columns', () => {
    const wide = new Array(4097).fill('1').join(',');
    expect(message(() => csvColumns(`${wide}\n${wide}`, 'mine.csv'))).toMatch(
      '4,097 columns, and at most 4,096',
    );
  });

  test('more than a million rows', () => {
    const text = '1,a\n2,b\n'.repeat(500_001);
    expect(message(() => read(text, 1))).toMatch('more than 1,000,000 rows of 2 columns');
  });
});

test('random text only ever throws a DataFileError', () => {
  const cell = fc.oneof(
    fc.constantFrom('1', '-2.5', '', ' ', '"', 'a', '"b"', '1e9', '\0', '"x,\n'),
    fc.string({ maxLength: 5 }),
  );
  const sheet = fc
    .tuple(
      fc.array(fc.array(cell, { maxLength: 4 }), { maxLength: 8 }),
      fc.constantFrom(',', ';', '\t', '\x1f'),
    )
    .map(([rows, separator]) => rows.map((row) => row.join(separator)).join('\n'));
  fc.assert(
    fc.property(fc.oneof(fc.string(), sheet), fc.integer({ min: -1, max: 5 }), (text, label) => {
      for (const run of [() => csvColumns(text, 'a.csv'), () => read(text, label)]) message(run);
    }),
    { numRuns: 1000 },
  );
});

test('a sound table of any content is read whole', () => {
  const row = fc.tuple(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), fc.nat({ max: 3 }));
  fc.assert(
    fc.property(fc.array(row, { minLength: 5, maxLength: 60 }), (rows) => {
      fc.pre(new Set(rows.map(([, label]) => label)).size > 1);
      const { train, test: tests } = read(rows.map(([x, label]) => `${x},class ${label}`).join('\n'), 1);
      expect(train.count + tests.count).toBe(rows.length);
      expect([...train.x, ...tests.x].every(Number.isFinite)).toBe(true);
    }),
  );
});
