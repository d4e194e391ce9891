/**
 * WGSL functions that make float32 arithmetic agree with the other backends to the last bit.
 *
 * WGSL may fuse a * b + c into one rounding, may reassociate, may assume that there is no NaN, and divides with an
 * error of up to 2.5 ULP (WGSL specification, "Floating Point Accuracy"). `zero` is a zero that the compiler cannot know.
 */
export const exactArithmetic = `
var<private> zero: u32;

fn isNan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn isFinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

/* The value itself, as an integer operation that keeps a compiler from merging what is before with what follows. */
fn exact(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ zero);
}

/*
 * a / b correctly rounded, half to even, where operands and quotient are normal numbers; elsewhere the device's own
 * division. The device's quotient of the mantissas is corrected by its remainder, which is small, so that computing it
 * modulo 2^32 gives it exactly.
 */
fn divide(a: f32, b: f32) -> f32 {
  let aBits = bitcast<u32>(a);
  let bBits = bitcast<u32>(b);
  let aExponent = i32((aBits >> 23u) & 255u);
  let bExponent = i32((bBits >> 23u) & 255u);
  var numerator = (aBits & 0x7fffffu) | 0x800000u;
  let denominator = (bBits & 0x7fffffu) | 0x800000u;
  var exponent = aExponent - bExponent + 127;
  if (numerator < denominator) {
    numerator = numerator << 1u;
    exponent = exponent - 1;
  }
  if (aExponent == 0 || bExponent == 0 || aExponent == 255 || bExponent == 255 || exponent < 1 || exponent > 254) {
    return a / b;
  }
  var quotient = u32(f32(numerator) / f32(denominator) * 8388608.0);
  var remainder = bitcast<i32>((numerator << 23u) - quotient * denominator);
  for (var i = 0; i < 16 && remainder < 0; i = i + 1) {
    quotient = quotient - 1u;
    remainder = remainder + i32(denominator);
  }
  for (var i = 0; i < 16 && remainder >= i32(denominator); i = i + 1) {
    quotient = quotient + 1u;
    remainder = remainder - i32(denominator);
  }
  let twice = u32(remainder) * 2u;
  if (twice > denominator || (twice == denominator && (quotient & 1u) == 1u)) {
    quotient = quotient + 1u;
  }
  let sign = (aBits ^ bBits) & 0x80000000u;
  return bitcast<f32>(sign | ((u32(exponent) << 23u) + (quotient - 0x800000u)));
}
`;

/**
 * The square root correctly rounded, where the argument is a positive normal number; elsewhere the device's own (WGSL
 * lets a root err by some ULP). As in `divide`, the device's root of the mantissa is corrected by its remainder.
 */
export const exactSquareRoot = `
fn squareRoot(x: f32) -> f32 {
  let exponent = i32(bitcast<u32>(x) >> 23u);
  if (exponent < 1 || exponent > 254) { return sqrt(x); }
  /* x = mantissa * 2^shift * an even power of 2; mantissa * 2^shift has 47 or 48 bits, its root 24. */
  let shift = select(24u, 23u, (exponent & 1) == 1);
  let mantissa = (bitcast<u32>(x) & 0x7fffffu) | 0x800000u;
  var root = u32(sqrt(f32(mantissa) * f32(1u << shift)));
  var remainder = bitcast<i32>((mantissa << shift) - root * root);
  for (var i = 0; i < 16 && remainder < 0; i = i + 1) {
    root = root - 1u;
    remainder = remainder + i32(2u * root + 1u);
  }
  for (var i = 0; i < 16 && remainder > i32(2u * root); i = i + 1) {
    remainder = remainder - i32(2u * root + 1u);
    root = root + 1u;
  }
  if (remainder > i32(root)) { root = root + 1u; }
  let power = (exponent - 150 - i32(shift)) / 2;
  return bitcast<f32>((u32(power + 150) << 23u) + (root - 0x800000u));
}
`;

/** Writes rows scale and inverse of `params` [4, channels], as ./scale.ts does. */
export const storeScale = `
fn storeScale(c: u32, channels: u32, scale: f32) {
  let stored = select(uniforms.nan, max(scale, 0x1p-24), isFinite(scale));
  params[c] = stored;
  params[channels + c] = select(uniforms.nan, divide(1.0, stored), isFinite(scale));
}
`;

/** A number as WGSL writes a float. */
export const float = (value: number) => (Number.isInteger(value) ? `${value}.0` : `${value}f`);

/**
 * Both rows of `shares` [2, threads] summed in a fixed order by one workgroup of so many lanes, a power of two: the first
 * row's sum as x and the second's as y, in every lane.
 */
export const sumOfShares = (lanes: number) => `
var<workgroup> firsts: array<f32, ${lanes}>;
var<workgroup> seconds: array<f32, ${lanes}>;

fn sumOfShares(lane: u32, threads: u32) -> vec2<f32> {
  var first = 0.0;
  var second = 0.0;
  for (var i = lane; i < threads; i = i + ${lanes}u) {
    first = first + shares[i];
    second = second + shares[threads + i];
  }
  firsts[lane] = first;
  seconds[lane] = second;
  workgroupBarrier();
  for (var width = ${lanes / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      firsts[lane] = firsts[lane] + firsts[lane + width];
      seconds[lane] = seconds[lane] + seconds[lane + width];
    }
    workgroupBarrier();
  }
  return vec2<f32>(firsts[0], seconds[0]);
}
`;
