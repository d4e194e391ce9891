import { describe, expect, test } from 'vitest';
import { parseIdx } from './idx';
import { imageDataset, pairUp } from './images';
import { idx } from './testing/files';

/** An image file whose images of 2 x 3 pixels are filled with their number. */
const images = (count: number, name = 'images', first = 0) =>
  parseIdx(
    idx(
      [count, 2, 3],
      Array.from({ length: count * 6 }, (_, i) => (first + Math.floor(i / 6)) % 256),
    ),
    name,
  );
const labels = (values: number[], name = 'labels') => parseIdx(idx([values.length], values), name);
const turns = (count: number) => Array.from({ length: count }, (_, i) => i % 2);

describe('a lone pair', () => {
  test('is split in file order, the first 80 % for training', () => {
    const {
      inputShape,
      classNames,
      train,
      test: tests,
    } = imageDataset(pairUp([images(10), labels(turns(10))]));
    expect(inputShape).toEqual([2, 3, 1]);
    expect(classNames).toEqual(['0', '1']);
    expect([train.count, tests.count]).toEqual([8, 2]);
    expect([...train.x].filter((_, i) => i % 6 === 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...tests.x]).toEqual([8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9]);
    expect([...train.y, ...tests.y]).toEqual(turns(10));
  });

  test('may come in either order', () => {
    const pair = [images(10), labels(turns(10))];
    expect(imageDataset(pairUp(pair.toReversed()))).toEqual(imageDataset(pairUp(pair)));
  });

  test('numbers the labels that occur, ascending, and names the classes by them', () => {
    const { classNames, train, test: tests } = imageDataset(pairUp([images(5), labels([26, 3, 200, 3, 26])]));
    expect(classNames).toEqual(['3', '26', '200']);
    expect([...train.y, ...tests.y]).toEqual([1, 0, 2, 0, 1]);
  });
});

describe('two pairs', () => {
  const train = [images(6, 'train-images'), labels(turns(6), 'train-labels')] as const;
  const tests = [images(6, 't10k-images', 100), labels(turns(6), 't10k-labels')] as const;

  test('are told apart by their names, in any order', () => {
    for (const files of [
      [...train, ...tests],
      [tests[1], train[0], train[1], tests[0]],
    ]) {
      const dataset = imageDataset(pairUp(files));
      expect([dataset.train.x[0], dataset.test.x[0]]).toEqual([0, 100]);
    }
  });

  test('are told apart by one name of two', () => {
    const [first, second] = pairUp([images(6, 'mine'), ...tests, labels(turns(6), 'mine too')]);
    expect([first.images.name, first.labels.name]).toEqual(['mine', 'mine too']);
    expect(second?.images.name).toBe('t10k-images');
  });

  test('without telling names are told apart by their counts, the larger for training', () => {
    const [first, second] = pairUp([
      images(4, 'a'),
      labels(turns(9), 'b'),
      images(9, 'c'),
      labels(turns(4), 'd'),
    ]);
    expect([first.images.name, first.labels.name, second?.images.name, second?.labels.name]).toEqual([
      ...['c', 'b', 'a', 'd'],
    ]);
  });

  test('share one list of classes', () => {
    const dataset = imageDataset(
      pairUp([
        images(2, 'train-i'),
        labels([5, 7], 'train-l'),
        images(2, 'test-i'),
        labels([7, 9], 'test-l'),
      ]),
    );
    expect(dataset.classNames).toEqual(['5', '7', '9']);
    expect([[...dataset.train.y], [...dataset.test.y]]).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });
});

describe('refused', () => {
  test.each([
    ['images without labels', [images(3, 'mine')], '"mine" holds images, but no file with their labels'],
    ['labels without images', [labels([1, 2], 'mine')], '"mine" holds labels, but no file with their images'],
    [
      'counts that disagree',
      [images(3, 'a'), labels([1, 2], 'b')],
      '"a" holds 3 images but "b" 2 labels: choose two files that belong together.',
    ],
    ['three files', [images(2, 'a'), images(3), labels([1, 2])], '2 image files and 1 label file'],
    [
      'pairs that nothing tells apart',
      [images(2, 'a'), labels([1, 2], 'b'), images(2, 'c'), labels([1, 2], 'd')],
      '"a" and "c" cannot be told apart as training and test images',
    ],
    [
      'two training sets',
      [images(2, 'train-1'), images(4, 'train-2'), labels([1, 2]), labels([1, 2, 3, 4])],
      'cannot be told apart',
    ],
    [
      'two pairs whose images differ in size',
      [
        parseIdx(idx([2, 1, 1], [1, 2]), 'train-i'),
        images(2, 'test-i'),
        labels([1, 2], 'train-l'),
        labels([1, 2], 'test-l'),
      ],
      '"train-i" holds images of 1×1×1 and "test-i" of 2×3×1',
    ],
  ])('%s', (_, files, text) => {
    expect(() => pairUp(files)).toThrow(text);
  });

  test.each([
    ['a single class', [images(3), labels([4, 4, 4], 'mine')], '"mine" holds only the label 4'],
    ['a single image', [images(1, 'mine'), labels([4])], '"mine" holds'],
    [
      'more than 100 classes',
      [images(101), labels([...new Array(101).keys()], 'mine')],
      '"mine" holds 101 different labels',
    ],
  ])('%s', (_, files, text) => {
    expect(() => imageDataset(pairUp(files))).toThrow(text);
  });
});
