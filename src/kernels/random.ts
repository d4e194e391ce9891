/**
 * Random numbers without state: a hash of a site's seed, the clock and an element's index, the same on every backend
 * (assembly/random.ts), so that a step run again draws the same.
 */

const { imul } = Math;

/** A hash of 32 bits with little bias: "lowbias32" (Wellons 2018, nullprogram.com/blog/2018/07/31). */
function hash(value: number): number {
  let x = value >>> 0;
  x ^= x >>> 16;
  x = imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The stream of a site at a step. @param seed 0 to 2^24 - 1 @param clock the step, not negative */
export function streamOf(seed: number, clock: number): number {
  return hash((hash(seed >>> 0) + clock) >>> 0);
}

/** An element's random number, uniform among the multiples of 2^-24 in [0, 1). */
export function chanceOf(stream: number, index: number): number {
  return (hash((index ^ stream) >>> 0) >>> 8) / 2 ** 24;
}

/** The same in WGSL. */
export const randomWgsl = `
fn hash(value: u32) -> u32 {
  var x = value ^ (value >> 16u);
  x = x * 0x7feb352du;
  x = x ^ (x >> 15u);
  x = x * 0x846ca68bu;
  return x ^ (x >> 16u);
}

fn streamOf(seed: f32, clock: f32) -> u32 { return hash(hash(u32(seed)) + u32(max(clock, 0.0))); }

fn chanceOf(stream: u32, index: u32) -> f32 { return f32(hash(index ^ stream) >> 8u) * 0x1p-24; }
`;
