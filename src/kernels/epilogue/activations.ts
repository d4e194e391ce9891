/** The activation functions that an epilogue can apply: one entry each, on every backend. */
import { geluFloat32, geluSlope, geluWgsl } from './gelu';
import { sigmoidFloat32, sigmoidWgsl, tanhFloat32, tanhWgsl } from './tanh';

interface Activation {
  /** f(x) of a float32 number, rounded to float32 or to be rounded once more. */
  readonly apply: (x: number) => number;
  /** What the derivative is written in terms of: y = f(x), or x itself where y does not tell the two sides of f apart. */
  readonly slopeOf: 'output' | 'input';
  /** The derivative at x, given y or x as `slopeOf` says. */
  readonly slope: (yOrX: number) => number;
  /** WGSL: `fn apply(x: f32) -> f32` and `fn slope(yOrX: f32) -> f32`. */
  readonly wgsl: string;
  /** The names of the WebAssembly kernels, which apply it in ../assembly/epilogue.ts. */
  readonly wasm: { readonly forward: string; readonly gradient: string };
}

export const activations = {
  linear: {
    apply: (x) => x,
    slopeOf: 'output',
    slope: () => 1,
    wgsl: `
fn apply(x: f32) -> f32 { return x; }
fn slope(y: f32) -> f32 { return 1.0; }`,
    wasm: { forward: 'epilogueLinear', gradient: 'epilogueLinearGradient' },
  },
  relu: {
    apply: (x) => Math.max(x, 0),
    slopeOf: 'output',
    slope: (y) => (y <= 0 ? 0 : 1),
    // Not max(x, 0.0), which may drop a NaN.
    wgsl: `
fn apply(x: f32) -> f32 { return select(x, 0.0, x <= 0.0); }
fn slope(y: f32) -> f32 { return select(1.0, 0.0, y <= 0.0); }`,
    wasm: { forward: 'epilogueRelu', gradient: 'epilogueReluGradient' },
  },
  tanh: {
    apply: tanhFloat32,
    slopeOf: 'output',
    slope: (y) => Math.fround(1 - Math.fround(y * y)),
    wgsl: `
${tanhWgsl}
fn apply(x: f32) -> f32 { return tanhFloat32(x); }
fn slope(y: f32) -> f32 { return 1.0 - exact(y * y); }`,
    wasm: { forward: 'epilogueTanh', gradient: 'epilogueTanhGradient' },
  },
  sigmoid: {
    apply: sigmoidFloat32,
    slopeOf: 'output',
    slope: (y) => Math.fround(y * Math.fround(1 - y)),
    wgsl: `
${tanhWgsl}
${sigmoidWgsl}
fn apply(x: f32) -> f32 { return sigmoidFloat32(x); }
fn slope(y: f32) -> f32 { return exact(y * exact(1.0 - y)); }`,
    wasm: { forward: 'epilogueSigmoid', gradient: 'epilogueSigmoidGradient' },
  },
  gelu: {
    apply: geluFloat32,
    slopeOf: 'input',
    slope: geluSlope,
    wgsl: `
${tanhWgsl}
${geluWgsl}
fn apply(x: f32) -> f32 { return geluFloat32(x); }
fn slope(x: f32) -> f32 { return geluSlope(x); }`,
    wasm: { forward: 'epilogueGelu', gradient: 'epilogueGeluGradient' },
  },
} as const satisfies Record<string, Activation>;

export type ActivationName = keyof typeof activations;

/** The entry of an activation function. */
export function activationNamed(name: ActivationName): Activation {
  return activations[name];
}
