/** What every layer kind tells the rest of the program about itself. */
import type { z } from 'zod';
import type { ChoiceField, NumberField } from '../fields';
import type { ActivationSite, SiteName, WeightSite } from '../quantizers';

/** Sizes without the batch axis: [features] or [height, width, channels]. */
export type Shape = readonly number[];

/** A layer that cannot follow the one before it; the message is a sentence for the person. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** Fields that layers of different kinds share; a kind without weights has no sites. */
export interface LayerSites {
  weights?: WeightSite;
  activations?: ActivationSite;
}

/** One number of a layer that the page edits and a link carries. */
export type LayerField = NumberField;

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
  /** Where the layer rounds; none for a layer without weights. */
  sites: readonly SiteName[];
  /** What a network with such a layer is called, "CNN"; the highest rank in a network names it. */
  network?: { label: string; rank: number };
  /** Stem of the layer's name: dense2, conv1, pool1. */
  stem: string;
  /** Weighted layers share one counter for their names and have a strip with bits; others are thin rows. */
  weighted: boolean;
  /**
   * @param classes width of the last layer
   * @throws ShapeError if the input does not fit
   */
  outputShape(spec: S, input: Shape, classes: number): Shape;
  /** Shape of the weights, output channel last (HWIO, [in, out]); empty where there are none. */
  weightShape(spec: S, input: Shape, classes: number): Shape;
  /** Multiply-accumulates for one sample. */
  macs(spec: S, input: Shape, classes: number): number;
  /** Words for the strip, e.g. "32 → 16" or "3×3, 8 filters". */
  summary(spec: S, input: Shape, output: Shape): string;
}

export const volume = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);
