/** Opens the person's own files. Nothing in them is trusted, and nothing of them leaves the machine. */
import { DataFileError, quote } from './error';
import { firstBytes } from './idx';
import { loaders } from './loaders';
import type { DataFile, Opened, OpenOptions } from './loaders/loader';
import { unpack } from './loaders/unpack';

export type { DataFile, Opened, OpenOptions } from './loaders/loader';

/**
 * Opens a CSV, IDX files (an image and a label file, or a training and a test pair), CIFAR-10 batches, or images in a
 * folder for each class; each of them gzipped or in a zip or tar archive, or not. Which format the files are of, their
 * contents say.
 * Throws DataFileError, whose message is one sentence for the person; rejects with the signal's reason when aborted.
 */
export async function openFiles(files: DataFile[], options: OpenOptions = {}): Promise<Opened> {
  const contents = unpack(files);
  const loader = Object.values(loaders).find(({ accepts }) => accepts(contents));
  if (loader) return loader.open(contents, options);
  const { path, bytes } = contents[0]!;
  throw new DataFileError(
    `${quote(path)} is of no kind that can be read (it starts with the bytes ${firstBytes(bytes)}): choose IDX images with their labels, a CSV, CIFAR-10 batches, or a folder or zip of images.`,
  );
}
