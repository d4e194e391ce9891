/** The person's own data: what an experiment says of it, since it does not carry it. src/data reads the files. */
import { z } from 'zod';
import type { ChoiceField, Field, NumberField, TextField } from '../fields';

/** Longest name of a file in an experiment, in bytes of UTF-8, so that a link that carries it stays short. */
export const maxFileNameBytes = 120;
const utf8Bytes = (text: string) => new TextEncoder().encode(text).length;
/** Control characters, halves of surrogate pairs and marks that turn the writing direction: a name without them shows as what it is. */
const hidden = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** A file's name: shown, never used as a path. */
export const fileNameSchema = z
  .string()
  .min(1)
  .max(maxFileNameBytes)
  .refine((name) => !hidden.test(name) && utf8Bytes(name) <= maxFileNameBytes, {
    message: `A name may have ${maxFileNameBytes} bytes and no hidden characters.`,
  });

/** Any name as one that an experiment may carry: hidden characters become "_", and it is cut so that the suffix has room. */
export function fileName(name: string, suffix = ''): string {
  const shown = [...name.slice(0, 2 * maxFileNameBytes)].map((character) =>
    hidden.test(character) ? '_' : character,
  );
  while (utf8Bytes(shown.join('') + suffix) > maxFileNameBytes) shown.pop();
  return `${shown.join('') || 'unnamed'}${suffix}`;
}

export const fileFormats = {
  idx: { label: 'IDX', token: 'idx', help: 'Images and labels as MNIST has them, gzipped or not.' },
  csv: { label: 'CSV', token: 'csv', help: 'A table with one example in each row.' },
  cifar: { label: 'CIFAR-10', token: 'cifar', help: 'Binary batches of CIFAR-10, loose or as downloaded.' },
  images: {
    label: 'Images',
    token: 'images',
    help: 'PNG, JPEG, WebP or GIF files in a folder for each class, as a folder or a zip.',
  },
  hub: {
    label: 'Hugging Face hub',
    token: 'hub',
    help: 'An image data set of the Hugging Face hub, fetched by its name.',
  },
} as const;
const axis = (max: number) => z.int().min(1).max(max);

/** Never carried by a link, only described, so that the same file can be asked for. */
export const ownSchema = z.strictObject({
  kind: z.literal('own'),
  format: z.enum(Object.keys(fileFormats) as [keyof typeof fileFormats, ...(keyof typeof fileFormats)[]]),
  name: fileNameSchema,
  /** Size of the raw files in bytes. */
  bytes: axis(2 ** 31),
  /**
   * First 16 hexadecimal digits of a SHA-256: of the raw files, one after the other; of images in folders or from the hub,
   * of their classes and encoded bytes, whatever archive they came in (labelledFingerprint in src/data/spec.ts).
   */
  hash: z.string().regex(/^[0-9a-f]{16}$/),
  train: axis(1_000_000),
  test: axis(1_000_000),
  /** Examples to choose by; absent where there are none. */
  validation: axis(1_000_000).optional(),
  /** [height, width, channels] of images, [features] of a table. */
  shape: z.union([z.tuple([axis(256), axis(256), axis(4)]), z.tuple([axis(4096)])]),
  classes: z.int().min(2).max(100),
  /** Column of a CSV that holds the class, counted from 0. */
  label: z.int().min(0).max(4096).optional(),
  /** Of the hub: subset and columns; absent in what comes from files. */
  subset: fileNameSchema.optional(),
  imageColumn: fileNameSchema.optional(),
  classColumn: fileNameSchema.optional(),
});

export type OwnSpec = z.infer<typeof ownSchema>;

const ownNumber = (key: string, label: string, min: number, max: number, help: string) =>
  ({
    type: 'number',
    key,
    label,
    token: `${key}=`,
    min,
    max,
    integer: true,
    help,
  }) as const satisfies NumberField;

const hubText = (key: string, label: string, token: string, help: string) =>
  ({ type: 'text', key, label, token, help, optional: true }) as const satisfies TextField;

/** Own data, described: what a link carries of it, in that order. */
export const ownData = {
  label: 'Own data',
  token: 'own',
  help: 'Your own files, read in this page and never uploaded, or a data set of the Hugging Face hub.',
  fields: [
    {
      type: 'choice',
      key: 'format',
      label: 'Format',
      help: 'How the file is read.',
      options: fileFormats,
    } satisfies ChoiceField,
    {
      type: 'text',
      key: 'name',
      label: 'Name',
      token: 'name=',
      help: 'Name of the file, or of the data set on the hub, to ask for it again.',
    },
    ownNumber('bytes', 'Size', 1, 2 ** 31, 'Size of the files in bytes.'),
    {
      type: 'text',
      key: 'hash',
      label: 'Hash',
      token: 'hash=',
      help: 'First 16 hexadecimal digits of the SHA-256 of the files: tells whether a file is the same one.',
    },
    ownNumber('train', 'Training examples', 1, 1_000_000, 'Examples to train on.'),
    {
      ...ownNumber('validation', 'Validation examples', 1, 1_000_000, 'Examples kept aside to choose by.'),
      token: 'val=',
      optional: true,
    },
    ownNumber('test', 'Test examples', 1, 1_000_000, 'Examples kept to report on.'),
    {
      type: 'shape',
      key: 'shape',
      label: 'Shape',
      token: 'shape=',
      help: 'Height, width and channels of an image, or the number of features of a row.',
    },
    ownNumber('classes', 'Classes', 2, 100, 'How many different labels there are.'),
    {
      ...ownNumber('label', 'Label column', 0, 4096, 'Column that holds the class, from 0.'),
      optional: true,
    },
    hubText('subset', 'Subset', 'subset=', 'Part of a data set of the hub that has several.'),
    hubText('imageColumn', 'Image column', 'image=', 'Column of the hub’s data set that holds the images.'),
    hubText('classColumn', 'Class column', 'class=', 'Column of the hub’s data set that holds the classes.'),
  ],
} as const satisfies { label: string; token: string; help: string; fields: readonly Field[] };
