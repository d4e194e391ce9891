/**
 * Cross-layer equalisation (Nagel et al. 2019, section 4.1): channel c between two layers is divided by s = sqrt(r1 / r2)
 * on the way in and multiplied by it on the way out, r1 and r2 the largest magnitudes of its weights on either side, so
 * that both become sqrt(r1 r2). What is computed stays the same where the function between them is positively homogeneous.
 */

/** A side of a connection: weights and where the connecting channel of each of them is. */
export interface Side {
  weights: Float32Array;
  /** The channel of the weight at an index. */
  channelOf(index: number): number;
}

const smallest = 1e-8;

function ranges({ weights, channelOf }: Side, channels: number): Float32Array {
  const found = new Float32Array(channels);
  weights.forEach((w, index) => {
    const channel = channelOf(index);
    found[channel] = Math.max(found[channel]!, Math.abs(w));
  });
  return found;
}

/** The factors s of the channels; 1 where a side has no weights but 0. */
export function equalisingScales(before: Side, after: Side, channels: number): Float32Array {
  const [r1, r2] = [ranges(before, channels), ranges(after, channels)];
  return r1.map((r, c) => (r < smallest || r2[c]! < smallest ? 1 : Math.sqrt(r / r2[c]!)));
}

/** Divides what leads to the channels and multiplies what leads on, in place. @param biases of the layer before */
export function equalise(before: Side & { biases: Float32Array }, after: Side, scales: Float32Array): void {
  before.weights.forEach((w, i) => {
    before.weights[i] = w / scales[before.channelOf(i)]!;
  });
  before.biases.forEach((b, c) => {
    before.biases[c] = b / scales[c]!;
  });
  after.weights.forEach((w, i) => {
    after.weights[i] = w * scales[after.channelOf(i)]!;
  });
}
