/** What every layer kind tells the rest of the program about itself. */
import type { z } from 'zod';
import type { ChoiceField, NumberField } from '../fields';
import type { ActivationSiteName, SiteName, WeightSiteName } from '../quantizers';

/** Sizes without the batch axis: [features], [height, width, channels] or [positions, features]. */
export type Shape = readonly number[];

/** A layer that cannot follow the one before it; the message is a sentence for the person. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** One number of a layer that the page edits and a link carries. */
export type LayerField = NumberField;

/** What a layer is resolved against. */
export interface Surroundings {
  /** Of one example that comes in. */
  input: Shape;
  /** Width of the last layer. */
  classes: number;
  /** What a layer that adds an earlier value gets from there. */
  skipped?: Shape;
  /** Symbols of a text, where the input is one. */
  vocabulary?: number;
}

/** One tensor that a layer keeps. */
export interface Parameter {
  /** The site's name where it is rounded. */
  name: string;
  /** Output channel last (HWIO, [in, out]). */
  shape: Shape;
  /** Where it is rounded; what is rounded nowhere is a bias or the like. */
  site?: WeightSiteName;
  /** Uniform within ± this limit, all of this value, or of these values row by row. */
  initial: { limit: number } | { value: number } | { rows: readonly number[] };
  /** False: not trained by gradients, but followed (running statistics). */
  trained?: false;
  /** False: folded into another tensor before the network is deployed. */
  stored?: false;
}

/** Multiply-accumulates for one example, and what is multiplied: "input" is what comes into the layer. */
export interface Product {
  macs: number;
  left: ActivationSiteName | 'input';
  right: SiteName;
}

export interface LayerDescriptor<S extends { kind: string }> {
  kind: S['kind'];
  /** What the page calls it. */
  label: string;
  /** Stands for the kind in links; never changes once published. */
  token: string;
  help: string;
  schema: z.ZodType<S>;
  /** What "Add layer" inserts. */
  defaults: S;
  /** The numbers that may be edited, in the order shown; the first of a weighted layer is its width. */
  fields: readonly LayerField[];
  /** What is chosen from a registry, in the order shown. */
  choices: readonly ChoiceField[];
  /** Where the layer rounds, each a property of the spec; none for a layer that only moves values. The output's last. */
  sites: readonly SiteName[];
  /** What a network with such a layer is called, "CNN"; the highest rank in a network names it. */
  network?: { label: string; rank: number };
  /** Stem of the layer's name: dense2, conv1, pool1. */
  stem: string;
  /** Weighted layers share one counter for their names. */
  weighted: boolean;
  /** The layer adds the input of the layer so many places before it. */
  skip?(spec: S): number;
  /** @throws ShapeError if the input does not fit */
  outputShape(spec: S, around: Surroundings): Shape;
  /** The tensors it keeps, in the order in which they are initialised. The input fits. */
  parameters(spec: S, around: Surroundings): readonly Parameter[];
  products(spec: S, around: Surroundings): readonly Product[];
  /** Shapes of what is rounded inside the layer, for one example; the output's is `outputShape`. */
  inside?(spec: S, around: Surroundings): Partial<Record<ActivationSiteName, Shape>>;
  /** Sites inside of which, when it runs as integers, a few values are there at a time and never all. */
  inParts?: readonly ActivationSiteName[];
  /** How many sums of 32 bits wait inside the layer while it runs as integers. */
  sums?(spec: S, around: Surroundings): number;
  /** Words for the strip, e.g. "32 → 16" or "3×3, 8 filters". */
  summary(spec: S, input: Shape, output: Shape): string;
}

export const volume = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/**
 * Limits of uniform initial weights: He et al. 2015, sqrt(6 / fanIn), before ReLU and its like; else Glorot & Bengio
 * 2010, sqrt(6 / (fanIn + fanOut)).
 */
export function initialLimit(shape: Shape, activation: string): number {
  const fanIn = volume(shape.slice(0, -1));
  const fanOut = volume(shape) / (shape.at(-2) ?? 1);
  return Math.sqrt(6 / (activation === 'relu' || activation === 'gelu' ? fanIn : fanIn + fanOut));
}

/** A weight tensor of a layer with an activation function. */
export const weightsOf = (shape: Shape, activation: string, site: WeightSiteName = 'weights'): Parameter => ({
  name: site,
  shape,
  site,
  initial: { limit: initialLimit(shape, activation) },
});
export const biasesOf = (count: number, name = 'biases'): Parameter => ({
  name,
  shape: [count],
  initial: { value: 0 },
});
