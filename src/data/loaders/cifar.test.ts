import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datasetSchema } from '@/catalog/datasets';
import { DataFileError } from '../error';
import { openFiles } from '../open';
import { tar } from '../testing/tar';
import type { DataFile } from './loader';

/** Records whose pixels say which record, channel and place they are. */
function batch(records: number, first = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(records * 3073);
  for (let record = 0; record < records; record++) {
    bytes[record * 3073] = (first + record) % 10;
    for (let channel = 0; channel < 3; channel++)
      for (let pixel = 0; pixel < 1024; pixel++)
        bytes[record * 3073 + 1 + channel * 1024 + pixel] = (first + record + 50 * channel + pixel) % 251;
  }
  return bytes;
}
const file = (name: string, bytes: Uint8Array): DataFile => ({ name, bytes });
const open = async (...files: DataFile[]) => {
  const opened = await openFiles(files);
  if (opened.kind !== 'dataset') throw new Error('A column was asked for.');
  expect(datasetSchema.parse(opened.spec)).toEqual(opened.spec);
  return opened;
};
const refusal = async (...files: DataFile[]) => {
  const error = await openFiles(files).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataFileError);
  return (error as Error).message;
};

describe('CIFAR-10 batches', () => {
  test('become pixels of red, green and blue; a lone batch is split in file order', async () => {
    const { spec, dataset } = await open(file('data_batch_1.bin', batch(20)));
    expect(spec).toMatchObject({
      format: 'cifar',
      name: 'data_batch_1.bin',
      bytes: 20 * 3073,
      train: 16,
      test: 4,
      shape: [32, 32, 3],
      classes: 10,
    });
    expect([...dataset.train.y]).toEqual(Array.from({ length: 16 }, (_, i) => i % 10));
    const value = (record: number, row: number, column: number, channel: number) =>
      dataset.train.x[((record * 32 + row) * 32 + column) * 3 + channel];
    expect(value(3, 5, 7, 0)).toBe((3 + 5 * 32 + 7) % 251);
    expect(value(3, 5, 7, 2)).toBe((3 + 100 + 5 * 32 + 7) % 251);
    expect(dataset.test.y[0]).toBe(6);
  });

  test('are put in the order of their names, the test batch for testing', async () => {
    const files = [
      file('test_batch.bin', batch(3, 7)),
      file('data_batch_2.bin', batch(4, 4)),
      file('data_batch_1.bin', batch(4)),
    ];
    const { spec, dataset } = await open(...files);
    expect([...dataset.train.y]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...dataset.test.y]).toEqual([7, 8, 9]);
    expect(spec.name).toBe('data_batch_1.bin and 2 more');
    expect(await open(...files.toReversed())).toEqual({ kind: 'dataset', spec, dataset });
  });

  test('come as the published archive as well, with the same hash', async () => {
    const archive = tar({
      'cifar-10-batches-bin/': new Uint8Array(0),
      'cifar-10-batches-bin/test_batch.bin': batch(3, 7),
      'cifar-10-batches-bin/batches.meta.txt': new TextEncoder().encode('airplane\n'),
      'cifar-10-batches-bin/readme.html': new TextEncoder().encode('<html>'),
      'cifar-10-batches-bin/data_batch_1.bin': batch(4),
    });
    const packed = await open(file('cifar-10-binary.tar.gz', gzipSync(archive)));
    const loose = await open(file('data_batch_1.bin', batch(4)), file('test_batch.bin', batch(3, 7)));
    expect(packed.dataset).toEqual(loose.dataset);
    expect(packed.spec).toEqual({ ...loose.spec, name: 'cifar-10-binary.tar.gz' });
  });
});

describe('refused, naming the file', () => {
  test('a batch cut short', async () => {
    expect(await refusal(file('data_batch_1.bin', batch(20).subarray(0, 5000)))).toBe(
      '"data_batch_1.bin" ends early: a CIFAR-10 batch has 3,073 bytes for each image, and its 5,000 bytes stop within image 2; download it again.',
    );
  });

  test('a class that does not exist, a single image, another file with it', async () => {
    const wrong = batch(3);
    wrong[3073] = 77;
    expect(await refusal(file('test_batch.bin', wrong))).toMatch('image 2 has the class 77');
    expect(await refusal(file('test_batch.bin', batch(1)))).toMatch('holds a single image');
    const notes = file('notes.txt', new TextEncoder().encode('hello'));
    expect(await refusal(file('test_batch.bin', batch(3)), notes)).toMatch('"notes.txt" came together');
  });

  test('random bytes, with nothing but a DataFileError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 7000 }), fc.boolean(), async (bytes, whole) => {
        const cut = whole ? bytes.subarray(0, 3073 * Math.floor(bytes.length / 3073)) : bytes;
        try {
          await openFiles([file('data_batch_1.bin', cut)]);
        } catch (error) {
          if (!(error instanceof DataFileError)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});
