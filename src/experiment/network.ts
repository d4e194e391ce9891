/** A network's layers resolved against the data: names, shapes, counts; and the sentence if they do not fit. */
import { type DatasetSpec, datasetInfo } from '@/catalog/datasets';
import {
  descriptorOf,
  type LayerSpec,
  type Parameter,
  type Product,
  rounds,
  type Shape,
  ShapeError,
  type Surroundings,
  volume,
} from '@/catalog/layers';
import type { ActivationSiteName, SiteName } from '@/catalog/quantizers';

/** Most parameters that a network may have: a limit for links, not a promise of speed. */
export const maxParameters = 5_000_000;
/** Most multiply-accumulates for one example, so that no link asks for hours of arithmetic. */
export const maxMacs = 500_000_000;

export interface ResolvedLayer {
  /** "conv1", "dense2": weighted layers count together; "pool1": the others by themselves. */
  name: string;
  spec: LayerSpec;
  inputShape: Shape;
  outputShape: Shape;
  /** Index of the layer whose input is added here, for a layer that ends a residual path. */
  source?: number;
  /** Where it rounds; the output's site is the last. */
  sites: readonly SiteName[];
  /** What is rounded inside and at the output, for one example. */
  siteShapes: Readonly<Partial<Record<ActivationSiteName, Shape>>>;
  /** What it keeps. */
  tensors: readonly Parameter[];
  /** How many of its numbers are trained: weights, biases and the like. */
  parameters: number;
  products: readonly Product[];
  /** Multiply-accumulates for one sample. */
  macs: number;
  /** Sums of 32 bits that wait inside it while it runs. */
  sums?: number;
  /** The last layer: its outputs are the logits. */
  last: boolean;
}

/** The name that stands for the network's input in changes. */
export const inputName = 'input';

type Described = { dataset: DatasetSpec; layers: readonly LayerSpec[] };

/** Names of the layers in order. They depend on the kinds alone. */
export function layerNames(layers: readonly LayerSpec[]): string[] {
  const counts = new Map<string, number>();
  return layers.map((spec) => {
    const { stem, weighted } = descriptorOf(spec);
    const counter = weighted ? 'weighted' : stem;
    const count = (counts.get(counter) ?? 0) + 1;
    counts.set(counter, count);
    return `${stem}${count}`;
  });
}

/** What rounds in a network: the sites of each layer and of the input, by name. */
export const sitesByName = ({ dataset, layers }: Described): Map<string, readonly SiteName[]> => {
  const names = layerNames(layers);
  const byLayer = layers.map((spec, index) => [names[index]!, descriptorOf(spec).sites] as const);
  const input: readonly SiteName[] = roundsInput(dataset) ? ['activations'] : [];
  return new Map<string, readonly SiteName[]>([[inputName, input], ...byLayer]);
};

/** Whether the network's input is rounded: the symbols of a text are not numbers. */
export const roundsInput = (dataset: DatasetSpec): boolean => String(datasetInfo(dataset).view) !== 'text';

/** Where a layer that adds an earlier value takes it from: the index of the layer whose input that is. */
function sourceOf(spec: LayerSpec, index: number): number | undefined {
  const skip = descriptorOf(spec).skip?.(spec);
  if (skip === undefined) return undefined;
  if (skip > index)
    throw new ShapeError(
      `The residual path spans ${skip} layers, but only ${index} stand before its end; make it shorter.`,
    );
  return index - skip;
}

/**
 * @throws ShapeError (with `layer`, its index) if a layer does not fit the one before it
 */
export function resolveNetwork({ dataset, layers }: Described): ResolvedLayer[] {
  const { inputShape, classes } = datasetInfo(dataset);
  const names = layerNames(layers);
  const inputs: Shape[] = [inputShape];
  return layers.map((spec, index) => {
    const descriptor = descriptorOf(spec);
    const input = inputs[index]!;
    try {
      const source = sourceOf(spec, index);
      const around: Surroundings = {
        input,
        classes,
        ...(source === undefined ? {} : { skipped: inputs[source]! }),
        ...(roundsInput(dataset) ? {} : { vocabulary: classes }),
      };
      const output = descriptor.outputShape(spec, around);
      inputs.push(output);
      const tensors = descriptor.parameters(spec, around);
      const products = descriptor.products(spec, around);
      const trained = tensors.filter((tensor) => tensor.trained !== false);
      return {
        name: names[index]!,
        spec,
        inputShape: input,
        outputShape: output,
        ...(source === undefined ? {} : { source }),
        sites: descriptor.sites,
        siteShapes: { ...descriptor.inside?.(spec, around), activations: output },
        tensors,
        parameters: trained.reduce((sum, { shape }) => sum + volume(shape), 0),
        products,
        macs: products.reduce((sum, { macs }) => sum + macs, 0),
        ...(descriptor.sums ? { sums: descriptor.sums(spec, around) } : {}),
        last: index === layers.length - 1,
      };
    } catch (error) {
      if (error instanceof ShapeError) throw Object.assign(error, { layer: index });
      throw error;
    }
  });
}

/** Why these layers cannot be trained on this dataset, or undefined. */
export function networkProblem(described: Described): { layer: number; message: string } | undefined {
  const { layers } = described;
  const last = layers.length - 1;
  const end = layers[last];
  if (end?.kind !== 'dense' || end.units !== undefined)
    return {
      layer: last,
      message:
        'The last layer must be a dense layer without a width of its own: it has one unit for each class.',
    };
  const early = layers.findIndex(
    (spec, index) => index < last && spec.kind === 'dense' && spec.units === undefined,
  );
  if (early >= 0)
    return { layer: early, message: 'A dense layer before the last one needs a number of units.' };
  try {
    const resolved = resolveNetwork(described);
    const wanted = roundsInput(described.dataset) ? 1 : 2;
    if (resolved[last]!.outputShape.length !== wanted)
      return {
        layer: last,
        message:
          wanted === 1
            ? 'The last layer gives an answer for each position; put a “Global average pooling” before it, or a recurrent layer that returns its last state.'
            : 'Text needs an answer for each position; the layers before the last one have lost the positions.',
      };
    const total = (key: 'parameters' | 'macs') => resolved.reduce((sum, layer) => sum + layer[key], 0);
    const [parameters, macs] = [total('parameters'), total('macs')];
    const excess =
      parameters > maxParameters
        ? `has ${parameters.toLocaleString('en')} parameters; the most is ${maxParameters.toLocaleString('en')}`
        : macs > maxMacs
          ? `needs ${macs.toLocaleString('en')} multiply-accumulates an example; the most is ${maxMacs.toLocaleString('en')}`
          : undefined;
    if (excess) return { layer: last, message: `The network ${excess}.` };
  } catch (error) {
    if (error instanceof ShapeError)
      return { layer: (error as ShapeError & { layer: number }).layer, message: error.message };
    throw error;
  }
  return undefined;
}

/** The layers that round, and so have bits. */
export const roundingLayers = (layers: readonly ResolvedLayer[]): ResolvedLayer[] =>
  layers.filter(({ spec }) => rounds(spec));

/** The tensor that a weight site of a layer rounds. */
export const tensorAt = ({ tensors }: ResolvedLayer, site: SiteName): Parameter | undefined =>
  tensors.find((tensor) => tensor.site === site);
