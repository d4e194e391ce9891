/**
 * Seeded random streams, the engine's only source of chance. A stream is named ("data", "weights", "order", or finer,
 * "order/3"): streams with different names or seeds are independent, so that drawing more from one never moves another.
 * Every draw is the same on every machine.
 */

export interface Random {
  /** Uniform in [0, 1), a multiple of 2^-32. */
  next(): number;
  /** Standard normal: mean 0, deviation 1. */
  normal(): number;
  /** Uniform integer in 0 .. n - 1, without bias; n from 1 to 2^32. */
  int(n: number): number;
  /** The numbers 0 .. n - 1 in random order (Fisher-Yates). */
  permutation(n: number): Int32Array<ArrayBuffer>;
}

/** Rounds that sfc32 is run before its first output, so that similar seeds give unrelated streams. */
const warmUp = 20;

export function stream(seed: number, name: string): Random {
  return new Sfc32(seed >>> 0, murmur3(name, 0x9747b28c), murmur3(name, 0x3c6ef372));
}

/** MurmurHash3 (x86, 32 bits) over the UTF-16 code units of a text, each taken as one block. */
function murmur3(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) {
    const block = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    hash ^= Math.imul((block << 15) | (block >>> 17), 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash ^= text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

/** sfc32, Chris Doty-Humphrey's small fast counting generator (PractRand): 128 bits of state, period at least 2^32. */
class Sfc32 implements Random {
  readonly #state = new Int32Array(4);

  constructor(a: number, b: number, c: number) {
    this.#state.set([a, b, c, 1]);
    for (let i = 0; i < warmUp; i++) this.#bits();
  }

  #bits(): number {
    const state = this.#state;
    const b = state[1]!;
    const c = state[2]!;
    const counter = state[3]!;
    const result = (state[0]! + b + counter) | 0;
    state[3] = counter + 1;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + result;
    return result >>> 0;
  }

  next(): number {
    return this.#bits() / 2 ** 32;
  }

  /**
   * Leva's ratio of uniforms (ACM TOMS 18(4), 1992, algorithm 712). The result is one exact division; a logarithm only
   * decides about 1 % of the rejections, so an engine whose logarithm differs in its last bit still gives the same value.
   */
  normal(): number {
    for (;;) {
      const u = 1 - this.next();
      const v = 1.7156 * (this.next() - 0.5);
      const x = u - 0.449871;
      const y = Math.abs(v) + 0.386595;
      const q = x * x + y * (0.196 * y - 0.25472 * x);
      if (q < 0.27597 || (q <= 0.27846 && v * v <= -4 * Math.log(u) * u * u)) return v / u;
    }
  }

  int(n: number): number {
    // Bits at or above the largest multiple of n are drawn again.
    const limit = 2 ** 32 - (2 ** 32 % n);
    let bits = this.#bits();
    while (bits >= limit) bits = this.#bits();
    return bits % n;
  }

  permutation(n: number): Int32Array<ArrayBuffer> {
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      const j = this.int(i + 1);
      order[i] = order[j]!;
      order[j] = i;
    }
    return order;
  }
}
