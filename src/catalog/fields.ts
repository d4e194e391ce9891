/**
 * Fields: what a descriptor says about each value of its kind, so that the page can draw a control for it and the link
 * grammar can write it, without either knowing the kind. Tokens never change once published (docs/link-format.md).
 */

interface FieldBase {
  /** Name of the property in the experiment. */
  key: string;
  label: string;
  help: string;
}

/** A number with inclusive limits. */
export interface NumberField extends FieldBase {
  type: 'number';
  /** Stands before the value in links: "k" gives k3, "noise=" gives noise=0.04, "" the bare number. */
  token: string;
  min: number;
  max: number;
  integer: boolean;
  /** May be absent from the experiment. */
  optional?: true;
  /** What a link means that does not write the field. Frozen once published; not the page's default. */
  omitted?: number;
}

/** One of a registry's entries; its own token stands for it in links. */
export interface ChoiceField extends FieldBase {
  type: 'choice';
  options: Readonly<Record<string, { label: string; token: string; help: string }>>;
  omitted?: string;
}

/** Free text, percent-encoded in links. */
export interface TextField extends FieldBase {
  type: 'text';
  token: string;
  /** May be absent from the experiment. */
  optional?: true;
}

/** Sizes along axes, written 28x28x1. */
export interface ShapeField extends FieldBase {
  type: 'shape';
  token: string;
}

/** A quantization site: a record of its own, written w4 or w4,pt. */
export interface SiteField extends FieldBase {
  type: 'site';
  token: string;
  fields: readonly Field[];
}

export type Field = NumberField | ChoiceField | TextField | ShapeField | SiteField;
