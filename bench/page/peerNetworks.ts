/** The reference workloads as plain lists of layers, for the peers: shapes of peers/pytorch_qat.py. */
export type PeerLayer =
  | { kind: 'dense'; inputs: number; outputs: number; relu: boolean }
  | { kind: 'conv'; inputs: number; outputs: number; size: number }
  | { kind: 'pool' }
  | { kind: 'flatten' };

export interface PeerNetwork {
  batch: number;
  /** Without the batch axis; images are [height, width, channels]. */
  input: number[];
  classes: number;
  layers: PeerLayer[];
}

const dense = (inputs: number, outputs: number, relu = true): PeerLayer => ({
  kind: 'dense',
  inputs,
  outputs,
  relu,
});
/** 3x3, no padding, ReLU. */
const conv = (inputs: number, outputs: number): PeerLayer => ({ kind: 'conv', inputs, outputs, size: 3 });

export const peerNetworks: Record<string, PeerNetwork> = {
  'spiral-mlp': { batch: 32, input: [2], classes: 2, layers: [dense(2, 8), dense(8, 8), dense(8, 2, false)] },
  'digits-mlp': {
    batch: 64,
    input: [784],
    classes: 10,
    layers: [dense(784, 128), dense(128, 64), dense(64, 10, false)],
  },
  'digits-cnn': {
    batch: 64,
    input: [28, 28, 1],
    classes: 10,
    layers: [
      conv(1, 8),
      { kind: 'pool' },
      conv(8, 16),
      { kind: 'pool' },
      { kind: 'flatten' },
      dense(400, 10, false),
    ],
  },
};

/** @throws a sentence if the peer's harness has no such network */
export function peerNetwork(workload: string): PeerNetwork {
  const network = peerNetworks[workload];
  if (!network) throw new Error(`The benchmark has not written ${workload} for this peer.`);
  return network;
}

/** Values from 0 to 1, the same every time. */
export function randomValues(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

/** Steps until `ms` have passed, at least once; the median time of a step in ms. */
export async function medianStep(ms: number, step: () => Promise<void> | void): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + ms;
  do {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  } while (performance.now() < end);
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}
