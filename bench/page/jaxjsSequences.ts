/** The recurrent network and the transformer of peers/pytorch_qat.py in jax-js. Arrays are owned: `.ref` keeps one for later. */
import { nn, numpy as np, random } from '@jax-js/jax';
import { randomValues } from './peerNetworks';

// biome-ignore lint/suspicious/noExplicitAny: jax-js arrays are owned values whose types do not name the trees used here
export type Value = any;
export type Values = Record<string, Value>;

/** How the peer rounds, or does not. Values are consumed. */
export interface Rounding {
  /** @param repeated the place comes again within a step: its range moves after the step */
  activations(site: string, values: Value, repeated?: boolean): Value;
  /** @param channel the axis of output channels */
  weights(w: Value, channel: number): Value;
}

export interface JaxNetwork {
  params: Values;
  /** Places where activations are rounded. */
  sites: string[];
  x: Value;
  /** One-hot [rows, classes]. */
  y: Value;
  rows: number;
  /** Logits [rows, classes]. */
  forward(params: Values, rounding: Rounding, x: Value): Value;
}

export const arrayOf = (values: Float32Array, shape: number[]): Value =>
  (np.array(values as Value) as Value).reshape(shape);

export function oneHot(rows: number, classes: number, factor = 1): Value {
  const values = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) values[i * classes + ((i * factor) % classes)] = 1;
  return arrayOf(values, [rows, classes]);
}

let keys = 0;
const uniform = (shape: number[], bound: number): Value =>
  random.uniform(random.key(keys++), shape, { minval: -bound, maxval: bound });

const linearParams = (name: string, inputs: number, outputs: number): Values => ({
  [`${name}/w`]: uniform([inputs, outputs], 1 / Math.sqrt(inputs)),
  [`${name}/b`]: np.zeros([outputs]),
});

/** A dense layer over the rows of x [rows, inputs], whose input and weights are rounded. */
const linear = (p: Values, rounding: Rounding, name: string, x: Value): Value =>
  np.dot(rounding.activations(name, x), rounding.weights(p[`${name}/w`], 1)).add(p[`${name}/b`]);

/** One GRU layer over the 28 rows of an image. */
function gru(): JaxNetwork {
  const [batch, positions, features, units, classes] = [64, 28, 28, 64, 10];
  return {
    params: {
      ...linearParams('input', features, 3 * units),
      ...linearParams('state', units, 3 * units),
      ...linearParams('out', units, classes),
    },
    sites: ['input', 'state', 'out'],
    x: arrayOf(randomValues(batch * positions * features, 1), [batch * positions, features]),
    y: oneHot(batch, classes),
    rows: batch,
    forward(p, rounding, x) {
      const all = linear(p, rounding, 'input', x).reshape([batch, positions, 3 * units]);
      const by = rounding.weights(p['state/w'], 1);
      let h: Value = np.zeros([batch, units]);
      for (const part of np.unstack(all, 1) as Value[]) {
        const own = np.dot(rounding.activations('state', h.ref, true), by.ref).add(p['state/b'].ref);
        const [xr, xz, xn] = np.split(part, 3, 1) as Value[];
        const [hr, hz, hn] = np.split(own, 3, 1) as Value[];
        const r = nn.sigmoid(xr.add(hr));
        const z: Value = nn.sigmoid(xz.add(hz));
        const n: Value = np.tanh(xn.add(r.mul(hn)));
        // (1 - z) n + z h
        h = n.ref.add(z.mul(h.sub(n)));
      }
      return linear(p, rounding, 'out', h);
    },
  };
}

const normParams = (name: string, width: number): Values => ({
  [`${name}/gamma`]: np.ones([width]),
  [`${name}/beta`]: np.zeros([width]),
});

function layerNorm(p: Values, name: string, x: Value): Value {
  const mean = np.mean(x.ref, 1, { keepdims: true });
  const centred: Value = x.sub(mean);
  const variance: Value = np.mean(centred.ref.mul(centred.ref), 1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .mul(p[`${name}/gamma`])
    .add(p[`${name}/beta`]);
}

/** Two blocks of 64 features and 4 heads over 32 symbols, the embedding a product with one-hot rows. */
function transformer(): JaxNetwork {
  const [batch, positions, symbols, width, heads] = [32, 32, 32, 64, 4];
  const depth = width / heads;
  const blocks = ['0', '1'];
  const dense = (block: string): [string, number, number][] => [
    ...['q', 'k', 'v', 'out'].map((name): [string, number, number] => [block + name, width, width]),
    [`${block}up`, width, 4 * width],
    [`${block}down`, 4 * width, width],
  ];
  const layers = [...blocks.flatMap(dense), ['head', width, symbols] as [string, number, number]];
  const norms = [...blocks.flatMap((block) => [`${block}n1`, `${block}n2`]), 'norm'];
  const ahead = Float32Array.from({ length: positions ** 2 }, (_, i) =>
    i % positions > Math.floor(i / positions) ? -1e9 : 0,
  );
  const toHeads = (x: Value): Value =>
    np.transpose(x.reshape([batch, positions, heads, depth]), [0, 2, 1, 3]);
  const attend = (p: Values, rounding: Rounding, block: string, x: Value): Value => {
    const [q, k, v] = ['q', 'k', 'v'].map((name) =>
      rounding.activations(
        `${block}${name}s`,
        toHeads(linear(p, rounding, block + name, name === 'v' ? x : x.ref)),
      ),
    ) as [Value, Value, Value];
    const scores: Value = np
      .matmul(q, np.transpose(k, [0, 1, 3, 2]))
      .mul(1 / Math.sqrt(depth))
      .add(arrayOf(ahead, [positions, positions]));
    const shares = rounding.activations(`${block}shares`, nn.softmax(scores, -1));
    const mixed: Value = np.transpose(np.matmul(shares, v), [0, 2, 1, 3]);
    return linear(p, rounding, `${block}out`, mixed.reshape([batch * positions, width]));
  };
  return {
    params: {
      tokens: uniform([symbols, width], 1),
      places: np.zeros([positions, width]),
      ...Object.assign({}, ...layers.map(([name, inputs, outputs]) => linearParams(name, inputs, outputs))),
      ...Object.assign({}, ...norms.map((name) => normParams(name, width))),
    },
    sites: [
      ...layers.map(([name]) => name),
      ...blocks.flatMap((block) => ['qs', 'ks', 'vs', 'shares'].map((name) => block + name)),
    ],
    x: oneHot(batch * positions, symbols, 7),
    y: oneHot(batch * positions, symbols),
    rows: batch * positions,
    forward(p, rounding, x) {
      let values: Value = np
        .dot(x, p.tokens)
        .reshape([batch, positions, width])
        .add(p.places)
        .reshape([batch * positions, width]);
      for (const block of blocks) {
        values = values.ref.add(attend(p, rounding, block, layerNorm(p, `${block}n1`, values)));
        const inner = linear(p, rounding, `${block}up`, layerNorm(p, `${block}n2`, values.ref));
        values = values.add(linear(p, rounding, `${block}down`, nn.gelu(inner)));
      }
      return linear(p, rounding, 'head', layerNorm(p, 'norm', values));
    },
  };
}

export const jaxSequences: Record<string, () => JaxNetwork> = {
  'digits-gru': gru,
  'char-transformer': transformer,
};
