/** The peer jax-js on its WebAssembly backend: the whole step, Adam included, in one jitted function. */
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  random,
  tree,
  valueAndGrad,
} from '@jax-js/jax';
import {
  arrayOf,
  type JaxNetwork,
  jaxSequences,
  oneHot,
  type Rounding,
  type Value,
  type Values,
} from './jaxjsSequences';
import { medianStep, type PeerNetwork, peerNetwork, randomValues } from './peerNetworks';
import { serve } from './serve';

/** Straight-through: the value of `rounded`, the gradient of `x`. Both are consumed. */
const straightThrough = (x: Value, rounded: (x: Value) => Value): Value => {
  const change = lax.stopGradient(rounded(x.ref).sub(x.ref));
  return x.add(change);
};

/** Per output channel (the axis given), -127 to 127. */
const roundWeights = (w: Value, channel: number): Value =>
  straightThrough(w, (x) => {
    const axes = x.shape.map((_: number, axis: number) => axis).filter((axis: number) => axis !== channel);
    const scale = np.maximum(np.max(np.abs(x.ref), axes, { keepdims: true }).div(127), 2 ** -24);
    return np.round(x.div(scale.ref)).mul(scale);
  });

interface Range {
  low: Value;
  high: Value;
}

/** A range moved towards what was seen. Both are consumed. */
const moved = (range: Range, seen: Range): Range => ({
  low: range.low.ref.add(seen.low.sub(range.low).mul(0.01)),
  high: range.high.ref.add(seen.high.sub(range.high).mul(0.01)),
});

/** 0 to 255, affine, over a range widened to 0. */
function roundActivations(x: Value, { low, high }: Range): Value {
  const from = np.minimum(low, 0);
  const scale = np.maximum(np.maximum(high, 0).sub(from.ref).div(255), 2 ** -24);
  const zero = np.round(from.div(scale.ref).mul(-1));
  const bottom = zero.ref.mul(scale.ref).mul(-1);
  const top = zero.mul(-1).add(255).mul(scale.ref);
  // Clipping before rounding gives the gradient its mask.
  return straightThrough(np.clip(x, bottom, top), (v) => np.round(v.div(scale.ref)).mul(scale));
}

/** A network of dense layers, convolutions and pools. */
function plainNetwork({ batch, input, classes, layers }: PeerNetwork): JaxNetwork {
  const params: Values = {};
  const sites: string[] = [];
  layers.forEach((layer, i) => {
    if (layer.kind === 'pool' || layer.kind === 'flatten') return;
    const conv = layer.kind === 'conv';
    const shape = conv
      ? [layer.outputs, layer.inputs, layer.size, layer.size]
      : [layer.inputs, layer.outputs];
    const bound = 1 / Math.sqrt(layer.inputs * (conv ? layer.size ** 2 : 1));
    params[`w${i}`] = random.uniform(random.key(i), shape, { minval: -bound, maxval: bound });
    params[`b${i}`] = np.zeros(conv ? [layer.outputs, 1, 1] : [layer.outputs]);
    sites.push(String(i));
  });
  const shape = input.length === 3 ? [batch, input[2]!, input[0]!, input[1]!] : [batch, ...input];
  const forward = (p: Values, rounding: Rounding, x: Value): Value => {
    let values = x;
    layers.forEach((layer, i) => {
      if (layer.kind === 'pool') {
        values = lax.reduceWindow(values, np.max, [2, 2], [2, 2]);
        return;
      }
      if (layer.kind === 'flatten') {
        values = values.reshape([batch, -1]);
        return;
      }
      const conv = layer.kind === 'conv';
      values = rounding.activations(String(i), values);
      const w = rounding.weights(p[`w${i}`], conv ? 0 : 1);
      const product = conv ? lax.convGeneralDilated(values, w, [1, 1], 'VALID') : np.dot(values, w);
      const sum = product.add(p[`b${i}`]);
      values = layer.kind === 'conv' || layer.relu ? nn.relu(sum) : sum;
    });
    return values;
  };
  const size = shape.reduce((product, length) => product * length, 1);
  const x = arrayOf(randomValues(size, 1), shape);
  return { params, sites, x, y: oneHot(batch, classes), rows: batch, forward };
}

function makeStep(network: JaxNetwork, quantize: boolean): () => Promise<void> {
  const { x, y, rows } = network;
  const sites = quantize ? network.sites : [];
  let { params } = network;
  let ranges: Values = {};
  for (const site of sites)
    Object.assign(ranges, { [`low${site}`]: np.zeros([]), [`high${site}`]: np.ones([]) });
  const keys = Object.keys(params);

  /**
   * jax-js 0.1.25 fails on valueAndGrad with hasAux inside jit, so what observers saw comes out as the gradient by probes
   * of value 0: loss + low * min(x) + high * max(x).
   */
  const loss = (p: Values, r: Values, batch: Value, labels: Value): Value => {
    const seen = new Map<string, Range>();
    const rounding: Rounding = {
      activations(site, values, repeated) {
        if (!quantize) return values;
        const still: Value = lax.stopGradient(values.ref);
        const now: Range = { low: np.min(still.ref), high: np.max(still) };
        const before = seen.get(site);
        seen.set(
          site,
          before
            ? { low: np.minimum(before.low, now.low.ref), high: np.maximum(before.high, now.high.ref) }
            : { low: now.low.ref, high: now.high.ref },
        );
        const range: Range = { low: r[`low${site}`].ref, high: r[`high${site}`].ref };
        return roundActivations(values, repeated ? range : moved(range, now));
      },
      weights: (w, channel) => (quantize ? roundWeights(w, channel) : w),
    };
    const logits = network.forward(p, rounding, batch);
    const entropy: Value = nn
      .logSoftmax(logits)
      .mul(labels)
      .sum()
      .mul(-1 / rows);
    return sites.reduce((sum: Value, site) => {
      const { low, high } = seen.get(site)!;
      return sum.add(p[`low${site}`].mul(low)).add(p[`high${site}`].mul(high));
    }, entropy);
  };

  const step = jit(
    (p: Values, r: Values, m: Values, v: Values, c1: Value, c2: Value, batch: Value, labels: Value) => {
      const probes = Object.fromEntries(
        sites.flatMap((site) => [`low${site}`, `high${site}`]).map((key) => [key, np.zeros([])]),
      );
      const [value, g] = (valueAndGrad as Value)(loss)(
        { ...tree.ref(p), ...probes },
        tree.ref(r),
        batch,
        labels,
      );
      const out: [Values, Values, Values, Values, Value] = [{}, {}, {}, {}, value];
      for (const key of keys) {
        const gradient = g[key];
        const mean = m[key].mul(0.9).add(gradient.ref.mul(0.1));
        const square = v[key].mul(0.999).add(gradient.ref.mul(gradient).mul(0.001));
        const root = np.sqrt(square.ref.div(c2.ref)).add(1e-8);
        out[0][key] = p[key].sub(mean.ref.div(c1.ref).mul(1e-3).div(root));
        out[2][key] = mean;
        out[3][key] = square;
      }
      for (const i of sites) {
        const range = { low: r[`low${i}`], high: r[`high${i}`] };
        const next = moved(range, { low: g[`low${i}`], high: g[`high${i}`] });
        out[1][`low${i}`] = next.low;
        out[1][`high${i}`] = next.high;
      }
      c1.dispose();
      c2.dispose();
      return out;
    },
  ) as (...values: Value[]) => [Values, Values, Values, Values, Value];

  const zeros = (): Values => Object.fromEntries(keys.map((key) => [key, np.zeros(params[key].shape)]));
  let m = zeros();
  let v = zeros();
  let t = 0;
  return async () => {
    t++;
    const c1 = np.array([1 - 0.9 ** t]).reshape([]);
    const c2 = np.array([1 - 0.999 ** t]).reshape([]);
    let value: Value;
    [params, ranges, m, v, value] = step(params, ranges, m, v, c1, c2, x.ref, y.ref);
    await blockUntilReady(params as Value);
    await value.data();
  };
}

let steps: Record<'float' | 'qat', () => Promise<void>>;

serve({
  async start() {
    await init('wasm');
    defaultDevice('wasm');
  },
  async prepare(workload: string) {
    const make = () => jaxSequences[workload]?.() ?? plainNetwork(peerNetwork(workload));
    steps = { float: makeStep(make(), false), qat: makeStep(make(), true) };
    for (const step of [steps.float, steps.qat]) for (let i = 0; i < 3; i++) await step();
  },
  async slice(ms: number) {
    return { float: await medianStep(ms / 2, steps.float), qat: await medianStep(ms / 2, steps.qat) };
  },
});
