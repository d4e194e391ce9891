/**
 * Records: the fields of a layer, a dataset, an optimizer or a quantization site as text, and back. Driven by the
 * catalog's descriptors alone. Only keys of the descriptors are ever set on an object, never keys of the text.
 */
import type { ChoiceField, Field } from '@/catalog/fields';
import { LinkError, quote } from './error';

/** Separators: fields of a record, and settings of a site inside it. */
export const fieldSeparator = ';';
const settingSeparator = ',';

/** A decimal as JavaScript writes it: the shortest one that reads back as the same number. */
const decimal = /^-?(0|[1-9]\d*)(\.\d+)?(e-?\d+)?$/;
const maxDigits = 32;

/** Zero has no sign here. */
export function readNumber(text: string, place: string): number {
  const value = text.length <= maxDigits && decimal.test(text) ? Number(text) + 0 : Number.NaN;
  if (!Number.isFinite(value)) throw new LinkError(`${place}: ${quote(text)} is not a number.`);
  return value;
}

/** encodeURIComponent leaves marks that chat programs read as markup or as the end of a link. */
export const writeText = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*_~]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );

export function readText(text: string, place: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new LinkError(`${place} has a “%” that is not followed by the code of a character.`);
  }
}

/** The key of the entry with this token. */
export function keyOfToken(
  options: Readonly<Record<string, { token: string }>>,
  token: string,
): string | undefined {
  return Object.keys(options).find((key) => options[key]?.token === token);
}

const tokenOf = (field: ChoiceField, key: unknown): string => {
  const option = Object.hasOwn(field.options, String(key)) ? field.options[String(key)] : undefined;
  if (!option) throw new Error(`${field.label} has no entry ${String(key)}`);
  return option.token;
};

/** Text of one field, or undefined where it is left out. */
export function writeField(field: Field, value: unknown): string | undefined {
  if (value === undefined || ('omitted' in field && value === field.omitted)) return undefined;
  if (field.type === 'choice') return tokenOf(field, value);
  if (field.type === 'text') return field.token + writeText(String(value));
  if (field.type === 'shape') return field.token + (value as readonly number[]).join('x');
  if (field.type === 'number') return field.token + String(value);
  field satisfies { type: 'site' };
  return field.token + writeRecord(field.fields, value as object, settingSeparator);
}

/** The fields of `value`, those with their omitted value left out. */
export const writeRecord = (fields: readonly Field[], value: object, separator = fieldSeparator): string =>
  fields
    .map((field) => writeField(field, (value as Record<string, unknown>)[field.key]))
    .filter((text) => text !== undefined)
    .join(separator);

/** Value of the text that follows a field's token. */
export function readField(field: Exclude<Field, ChoiceField>, text: string, place: string): unknown {
  const inside = `${place}, ${field.label.toLowerCase()}`;
  if (field.type === 'text') return readText(text, inside);
  if (field.type === 'shape') return text.split('x', 4).map((size) => readNumber(size, inside));
  if (field.type === 'number') return readNumber(text, inside);
  field satisfies { type: 'site' };
  return readRecord(field.fields, text.split(settingSeparator), inside);
}

/** How the field would be written, for the error of its absence. */
const written = (field: Field) => ('token' in field && field.token ? ` (“${field.token}”)` : '');

/** Letters before the value; with "=" they may be followed by anything, without by a number. */
const prefixOf = (part: string): string | undefined =>
  /^[a-z]+=/.exec(part)?.[0] ?? /^[a-z]*(?=-?\d)/.exec(part)?.[0];

function fieldOf(fields: readonly Field[], part: string): { field: Field; value?: string } | undefined {
  for (const field of fields) {
    const key = field.type === 'choice' ? keyOfToken(field.options, part) : undefined;
    if (key !== undefined) return { field, value: key };
  }
  const prefix = prefixOf(part);
  const field = fields.find((each) => each.type !== 'choice' && each.token === prefix);
  return field && { field };
}

/**
 * The object whose fields are written in `parts`, in any order; what is left out has its omitted value.
 * @throws LinkError, a sentence that begins with `place`
 */
export function readRecord(
  fields: readonly Field[],
  parts: readonly string[],
  place: string,
): Record<string, unknown> {
  const found = new Map<string, unknown>();
  for (const part of parts) {
    const match = fieldOf(fields, part);
    if (!match) throw new LinkError(`${place} has a part that is not known here: ${quote(part)}.`);
    const { field, value } = match;
    if (found.has(field.key)) throw new LinkError(`${place} gives its ${field.label.toLowerCase()} twice.`);
    found.set(
      field.key,
      field.type === 'choice' ? value : readField(field, part.slice(field.token.length), place),
    );
  }
  const record: Record<string, unknown> = {};
  for (const field of fields) {
    const value = found.has(field.key)
      ? found.get(field.key)
      : 'omitted' in field
        ? field.omitted
        : undefined;
    if (value !== undefined) record[field.key] = value;
    else if (!('optional' in field && field.optional))
      throw new LinkError(`${place} has no ${field.label.toLowerCase()}${written(field)}.`);
  }
  return record;
}

/** A registry's entry and its record: "spirals;n=1600", "dense;32;w4;a4". */
export interface Kinds {
  readonly [kind: string]: { readonly token: string; readonly record: readonly Field[] };
}

export function writeKind(kinds: Kinds, value: { kind: string }): string {
  const kind = Object.hasOwn(kinds, value.kind) ? kinds[value.kind] : undefined;
  if (!kind) throw new Error(`The link grammar has no ${value.kind}`);
  const record = writeRecord(kind.record, value);
  return record === '' ? kind.token : kind.token + fieldSeparator + record;
}

export function readKind(kinds: Kinds, text: string, place: string): Record<string, unknown> {
  const [token = '', ...parts] = text.split(fieldSeparator);
  const kind = keyOfToken(kinds, token);
  if (kind === undefined)
    throw new LinkError(`${place} is of a kind that is not known here: ${quote(token)}.`);
  return { kind, ...readRecord(kinds[kind]!.record, parts, place) };
}
