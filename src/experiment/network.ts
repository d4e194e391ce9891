/** A network's layers resolved against the data: names, shapes, counts; and the sentence if they do not fit. */
import { type DatasetSpec, datasetInfo } from '@/catalog/datasets';
import { descriptorOf, isWeighted, type LayerSpec, type Shape, ShapeError, volume } from '@/catalog/layers';
import type { SiteName } from '@/catalog/quantizers';

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
  /** Output channel last; empty for a layer without weights. */
  weightShape: Shape;
  /** Weights and biases. */
  parameters: number;
  /** Multiply-accumulates for one sample. */
  macs: number;
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
export const sitesByName = (layers: readonly LayerSpec[]): Map<string, readonly SiteName[]> => {
  const names = layerNames(layers);
  const byLayer = layers.map((spec, index) => [names[index]!, descriptorOf(spec).sites] as const);
  return new Map<string, readonly SiteName[]>([[inputName, ['activations']], ...byLayer]);
};

/**
 * @throws ShapeError (with `layer`, its index) if a layer does not fit the one before it
 */
export function resolveNetwork({ dataset, layers }: Described): ResolvedLayer[] {
  const { inputShape, classes } = datasetInfo(dataset);
  const names = layerNames(layers);
  let shape = inputShape;
  return layers.map((spec, index) => {
    const descriptor = descriptorOf(spec);
    const input = shape;
    try {
      shape = descriptor.outputShape(spec, input, classes);
    } catch (error) {
      if (error instanceof ShapeError) throw Object.assign(error, { layer: index });
      throw error;
    }
    const weightShape = descriptor.weightShape(spec, input, classes);
    return {
      name: names[index]!,
      spec,
      inputShape: input,
      outputShape: shape,
      weightShape,
      parameters: weightShape.length === 0 ? 0 : volume(weightShape) + (weightShape.at(-1) ?? 0),
      macs: descriptor.macs(spec, input, classes),
      last: index === layers.length - 1,
    };
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

/** The layers that have weights, and so bits. */
export const weightedLayers = (layers: readonly ResolvedLayer[]): ResolvedLayer[] =>
  layers.filter((layer) => isWeighted(layer.spec));
