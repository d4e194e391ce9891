/** The description of own data that an experiment and a link carry, made with the data. */
import { datasetInfo, type OwnSpec } from '@/catalog/datasets';
import type { Dataset } from './dataset';
import { DataFileError, quote } from './error';
import { concatenate } from './gzip';
import type { Opened } from './loaders/loader';

type Given = Pick<OwnSpec, 'format' | 'name' | 'bytes' | 'hash'> & Partial<OwnSpec>;

/** An opened dataset with its description: what is given, and what the data themselves say. */
export function opened(given: Given, dataset: Dataset, shape: OwnSpec['shape']): Opened {
  const spec: OwnSpec = {
    ...given,
    kind: 'own',
    train: dataset.train.count,
    test: dataset.test.count,
    ...(dataset.validation.count > 0 ? { validation: dataset.validation.count } : {}),
    shape,
    classes: dataset.classNames.length,
  };
  return { kind: 'dataset', spec, dataset: { ...dataset, view: datasetInfo(spec).view } };
}

export const byteSum = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0);

/** SHA-256 of the bytes. `name` stands for them in the error of a browser that offers no checksum. */
export async function sha256(bytes: Uint8Array, name: string): Promise<Uint8Array<ArrayBuffer>> {
  // Browsers offer it on https and 127.0.0.1 only.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle)
    throw new DataFileError(
      `${quote(name)} cannot be opened on a page without encryption: open the playground through https or 127.0.0.1.`,
    );
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

/** The first 16 hexadecimal digits of a digest: an experiment's hash. */
export const shortHash = (digest: Uint8Array) =>
  Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The hash of files, one after the other. */
export const fingerprint = async (raw: Uint8Array[], name: string): Promise<string> =>
  shortHash(await sha256(raw.length === 1 ? raw[0]! : concatenate(raw), name));

/** The seed of a split that is to be the same whenever the data are opened. */
export const seedOf = (hash: string): number => Number.parseInt(hash.slice(0, 8), 16);

/** Digests that are made at once. */
const atOnce = 256;

/**
 * The hash of labelled files: SHA-256 over label, zero byte and SHA-256 of each in turn. It knows neither the archive
 * that they came in nor what a browser's decoder makes of them.
 */
export async function labelledFingerprint(
  files: readonly { label: string; bytes: Uint8Array }[],
  name: string,
): Promise<string> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  for (let from = 0; from < files.length; from += atOnce) {
    const some = files.slice(from, from + atOnce);
    const digests = await Promise.all(some.map(({ bytes }) => sha256(bytes, name)));
    some.forEach(({ label }, i) => {
      parts.push(encoder.encode(`${label}\0`), digests[i]!);
    });
  }
  return fingerprint([concatenate(parts)], name);
}
