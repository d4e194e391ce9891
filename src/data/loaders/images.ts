/**
 * Images in a folder for each class, as a folder or an archive: cats/1.png, dogs/2.png. Folders named train, val and test
 * may stand above the classes and are kept; else a fifth of each class is kept for testing, chosen by the files' own hash.
 */
import { fileName } from '@/catalog/datasets';
import { DataFileError, number, quote } from '../error';
import { maxClasses } from '../idx';
import { datasetOf, type PartName } from '../parts';
import { byteSum, labelledFingerprint, opened, seedOf } from '../spec';
import { looksLikeIdx } from './idx';
import { imageHeader } from './imageHeader';
import type { Content, Loader } from './loader';
import { decodePictures } from './pictures';

const partOfFolder: Readonly<Record<string, PartName>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  test: 'test',
  testing: 'test',
};
const partOf = (folder: string): PartName | undefined => {
  const key = folder.toLowerCase();
  return Object.hasOwn(partOfFolder, key) ? partOfFolder[key] : undefined;
};

interface Placed extends Content {
  /** Folders from the first in which the files differ, then the file's own name. */
  place: string[];
  part: PartName;
  className: string;
}

export const images: Loader = {
  accepts: (files) => files.some((file) => !looksLikeIdx(file) && imageHeader(file.bytes) !== undefined),
  async open(files, options) {
    const name = nameOf(files);
    const placed = placeAll(files);
    const classNames = classesOf(placed, name);
    const pixels = await decodePictures(
      placed.map(({ path, bytes }) => ({ name: path, bytes })),
      name,
      options,
    );
    const hash = await labelledFingerprint(
      placed.map(({ part, className, bytes }) => ({ label: `${part}/${className}`, bytes })),
      name,
    );
    const of = (part: PartName) =>
      placed.filter((file) => file.part === part).map(({ className }) => classNames.indexOf(className));
    const labels = { train: of('train'), validation: of('validation'), test: of('test') };
    const dataset = datasetOf({ ...pixels, labels, classNames, seed: seedOf(hash) });
    const bytes = byteSum(placed.map((file) => file.bytes));
    return opened({ format: 'images', name: fileName(name), bytes, hash }, dataset, pixels.shape);
  },
};

/** The archive's name, or that of the folder. */
function nameOf([first]: readonly Content[]): string {
  const { archive, path } = first!;
  return archive ?? path.split('/')[0]!;
}

/** Part and class of every file by its folders, in the order of parts, classes and names. */
function placeAll(files: readonly Content[]): Placed[] {
  const paths = files.map(({ path }) => {
    const folders = path.split('/').filter((folder) => folder !== '' && folder !== '.');
    return folders.length > 0 ? folders : [path];
  });
  const shared = sharedFolders(paths);
  const tops = new Set(paths.map((path) => path[shared]!));
  const inParts =
    [...tops].some((top) => partOf(top) === 'train') &&
    [...tops].every((top) => partOf(top)) &&
    paths.some((path) => path.length > shared + 2);
  const placed = files.map((file, i): Placed => {
    // What is no image is named before anything else: it is why the folder cannot be read.
    if (!imageHeader(file.bytes))
      throw new DataFileError(
        `${quote(file.path)} is not an image: keep only PNG, JPEG, WebP and GIF files in the folders of the classes.`,
      );
    const place = paths[i]!.slice(shared);
    const className = place[inParts ? 1 : 0]!;
    if (place.length < (inParts ? 3 : 2))
      throw new DataFileError(
        `${quote(file.path)} is in no folder of a class: put the images of each class into a folder with the name of the class.`,
      );
    return { ...file, place, part: inParts ? partOf(place[0]!)! : 'train', className };
  });
  const order: PartName[] = ['train', 'validation', 'test'];
  return placed.sort(
    (a, b) => order.indexOf(a.part) - order.indexOf(b.part) || compare(a.place.join('/'), b.place.join('/')),
  );
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** How many folders all files lie in together; the name of a class is never one of them. */
function sharedFolders(paths: readonly string[][]): number {
  const first = paths[0]!;
  let shared = 0;
  while (
    paths.some((path) => path.length > shared + 2) &&
    paths.every((path) => path.length > shared + 1 && path[shared] === first[shared])
  )
    shared++;
  return shared;
}

/** The classes, numbers by size and words by letter. */
function classesOf(placed: readonly Placed[], name: string): string[] {
  const trained = new Set(placed.filter(({ part }) => part === 'train').map(({ className }) => className));
  const stray = placed.find(({ className }) => !trained.has(className));
  if (stray)
    throw new DataFileError(
      `${quote(stray.path)} is of a class without training images: put images of ${quote(stray.className)} into the training folder, or take it out.`,
    );
  const numbers = [...trained].every((each) => /^\d{1,9}$/.test(each));
  const names = [...trained].sort((a, b) => (numbers ? Number(a) - Number(b) : 0) || compare(a, b));
  if (names.length < 2)
    throw new DataFileError(
      `${quote(name)} holds images of one class alone, ${quote(names[0]!)}: a dataset needs a folder for each of at least two classes.`,
    );
  if (names.length > maxClasses)
    throw new DataFileError(
      `${quote(name)} holds ${number(names.length)} folders of classes, and at most ${maxClasses} can be told apart: use a part of them.`,
    );
  return names;
}
