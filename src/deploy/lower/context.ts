/** What lowering a layer is given: the sites of the trained network as integers, and the program that grows. */
import { siteAt, volume } from '@/catalog/layers';
import {
  type ActivationSite,
  type ActivationSiteName,
  activationBits,
  deployedAt,
  type SiteName,
  type WeightSite,
  type WeightSiteName,
  weightBits,
} from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import type { ResolvedLayer } from '@/experiment/network';
import type { Op } from '../ops';
import { packIntegers } from '../packing';
import { type Grid, logitGrid, NoIntegerForm, type Program, type Value, type Weights } from '../program';
import type { SeenSite, Snapshot } from '../snapshot';
import { describeWidth } from './width';

/** The words that name a site in a sentence: "the weights of dense1". */
const placeOf = (layer: string, what: string) =>
  layer === inputName ? 'the network’s input' : `${what} of ${layer}`;

export class Lowering {
  readonly values: Value[] = [];
  readonly weights: Weights[] = [];
  readonly ops: Op[] = [];
  readonly outputs: Record<string, number> = {};
  readonly floats: string[] = [];

  constructor(readonly snapshot: Snapshot) {}

  value(value: Value): number {
    return this.values.push(value) - 1;
  }

  site(layer: string, site: SiteName): SeenSite {
    const seen = this.snapshot.sites[`${layer}/${site}`];
    if (!seen) throw new Error(`The snapshot has no site ${layer}/${site}.`);
    return seen;
  }

  variable(layer: string, tensor: string): Float32Array {
    const values = this.snapshot.variables[`${layer}/${tensor}`];
    if (!values) throw new Error(`The snapshot has no tensor ${layer}/${tensor}.`);
    return values;
  }

  /**
   * The grid that a site rounds to.
   * @throws NoIntegerForm if it has none
   */
  grid(layer: string, name: ActivationSiteName, site: ActivationSite): { grid: Grid; bits: number } {
    const place = placeOf(layer, name === 'activations' ? 'the output' : `the ${name}`);
    const bits = activationBits(site);
    if (bits === 32)
      throw new NoIntegerForm(`Nothing rounds ${place} (32 bits): choose 8 bits or fewer there.`);
    const { label, deploysTo } = deployedAt(name, site);
    if (deploysTo !== 'integer')
      throw new NoIntegerForm(
        `The quantizer of ${place}, ${label}, ${reasons[deploysTo]}: choose another, such as EMA min-max.`,
      );
    const { params, channels, settings } = this.site(layer, name);
    const [qmin = 0, qmax = 0] = settings;
    return {
      bits,
      grid: { scale: params[0]!, zeroPoint: params[2 * channels]!, qmin, qmax },
    };
  }

  /** A new value on the grid of a layer's site. @param shape the layer's output's, if no other is named */
  rounded(layer: ResolvedLayer, name: ActivationSiteName = 'activations', shape = layer.outputShape): number {
    const made = this.grid(layer.name, name, siteAt(layer.spec, name)!);
    const own = name === 'activations' ? layer.name : `${layer.name} ${name}`;
    return this.value({ name: own, layer: layer.name, shape, ...made });
  }

  /** A new value for a layer's output: on its grid, or logits where the last layer has none. */
  output(layer: ResolvedLayer): number {
    const site = siteAt(layer.spec, 'activations')!;
    const { name, outputShape: shape } = layer;
    return layer.last && activationBits(site) === 32
      ? this.value({ name, layer: name, shape, bits: 32, grid: logitGrid })
      : this.rounded(layer);
  }

  /**
   * The integers of a weight tensor.
   * @throws NoIntegerForm if its quantizer has none
   */
  addWeights(layer: ResolvedLayer, name: WeightSiteName): number {
    const site = siteAt(layer.spec, name) as WeightSite;
    const place = placeOf(layer.name, name === 'weights' ? 'the weights' : `the ${name} weights`);
    if (weightBits(site) === 32)
      throw new NoIntegerForm(`Nothing rounds ${place} (32 bits): choose 8 bits or fewer there.`);
    const { label, deploysTo } = deployedAt(name, site);
    if (deploysTo !== 'integer')
      throw new NoIntegerForm(
        `The quantizer of ${place}, ${label}, ${reasons[deploysTo]}: choose another, such as Abs-max per channel.`,
      );
    const seen = this.site(layer.name, name);
    const { shape } = layer.tensors.find((tensor) => tensor.site === name)!;
    const values = Int16Array.from(seen.values!);
    const { bits, encoding } = describeWidth(site, seen);
    // One scale for all stands in every column.
    const byChannel = seen.settings[3] === 1;
    const scales = seen.params.slice(0, byChannel ? seen.channels : 1);
    const packed = packIntegers(values, bits, encoding);
    const named = `${layer.name} ${name}`;
    return (
      this.weights.push({ name: named, layer: layer.name, shape, bits, encoding, values, packed, scales }) - 1
    );
  }

  /** The scale of each output channel of a weight tensor. */
  scalesOf(index: number): number[] {
    const { scales, shape } = this.weights[index]!;
    return Array.from({ length: shape.at(-1) ?? 1 }, (_, c) => scales[scales.length === 1 ? 0 : c]!);
  }

  /** @throws NoIntegerForm if a sum may leave int32 */
  expectSums(layer: string, weights: Weights, from: Grid, biases: Int32Array): void {
    const largest = Math.max(from.qmax - from.zeroPoint, from.zeroPoint - from.qmin);
    const channels = weights.shape.at(-1) ?? 1;
    const magnitudes = new Float64Array(channels);
    weights.values.forEach((w, i) => {
      magnitudes[i % channels]! += Math.abs(w);
    });
    if (magnitudes.some((sum, c) => sum * largest + Math.abs(biases[c]!) >= 2 ** 31))
      throw new NoIntegerForm(
        `The sums of ${layer} may leave 32 bits: it adds up ${(volume(weights.shape) / channels).toLocaleString('en')} products; give it fewer inputs or fewer bits.`,
      );
  }

  program(input: number, output: number): Program {
    const { values, weights, ops, outputs, floats } = this;
    return { values, weights, ops, input, output, outputs, floats };
  }
}

const reasons = {
  'simulation only': 'exists as a simulation only',
  'float arithmetic': 'computes with floats once its integers are read',
} as const;
