/** Scale, bias and activation function after a quantized product, and the gradient. See ../epilogue/index.ts. */
import { gelu4, geluSlope4, sigmoid4, storeLane, tanh4 } from './lanes';

// Which activation function: known when each exported kernel is compiled, so that no branch is left in its loop.
const LINEAR: i32 = 0;
const RELU: i32 = 1;
const TANH: i32 = 2;
const SIGMOID: i32 = 3;
const GELU: i32 = 4;

/** Rows over which a bias gradient is summed before it is added to the total. */
const BLOCK: i32 = 256;

@inline
function apply(kind: i32, x: v128): v128 {
  // As max(x, 0), NaN and -0 included, in fewer instructions.
  if (kind == RELU) return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), f32x4.splat(0));
  if (kind == TANH) return tanh4(x);
  if (kind == SIGMOID) return sigmoid4(x);
  if (kind == GELU) return gelu4(x);
  return x;
}

/** dy times the derivative, written in terms of y, that of GELU in terms of x. */
@inline
function upstream(kind: i32, dy: v128, y: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == RELU) return f32x4.mul(dy, v128.andnot(one, f32x4.le(y, f32x4.splat(0))));
  if (kind == TANH) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(y, y)));
  if (kind == SIGMOID) return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(one, y)));
  if (kind == GELU) return f32x4.mul(dy, geluSlope4(y));
  return dy;
}

/** scales [channels] = input scale * weight scale */
function makeScales(inputParams: usize, weightParams: usize, scales: usize, channels: i32): void {
  const inputScale = load<f32>(inputParams);
  const rowBytes = (channels as usize) << 2;
  for (let c: usize = 0; c < rowBytes; c += 4)
    store<f32>(scales + c, inputScale * load<f32>(weightParams + c));
}

/** biases [channels]: rounded to the accumulator's grid where input and weights are quantized */
function makeBiases(
  inputParams: usize, weightParams: usize, bias: usize, scales: usize, biases: usize, channels: i32,
): void {
  const rowBytes = (channels as usize) << 2;
  const inputQuantized = load<f32>(inputParams, 12) == 1;
  for (let c: usize = 0; c < rowBytes; c += 4) {
    const scale = load<f32>(scales + c);
    let b = load<f32>(bias + c);
    if (inputQuantized && load<f32>(weightParams + 3 * rowBytes + c) == 1) b = nearest(b / scale) * scale;
    store<f32>(biases + c, b);
  }
}

@inline
function forward(
  kind: i32, acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize,
  rows: i32, channels: i32,
): void {
  const rowBytes = (channels as usize) << 2;
  const scales = rowsOfScratch;
  const biases = rowsOfScratch + rowBytes;
  makeScales(inputParams, weightParams, scales, channels);
  makeBiases(inputParams, weightParams, bias, scales, biases, channels);
  for (let row = 0; row < rows; row++) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16) {
      const scaled = f32x4.mul(v128.load(acc + c), v128.load(scales + c));
      v128.store(y + c, apply(kind, f32x4.add(scaled, v128.load(biases + c))));
    }
    for (; c < rowBytes; c += 4) {
      const scaled = f32x4.mul(v128.load32_splat(acc + c), v128.load32_splat(scales + c));
      storeLane(y + c, apply(kind, f32x4.add(scaled, v128.load32_splat(biases + c))));
    }
    acc += rowBytes;
    y += rowBytes;
  }
}

/** `saved` is y, or acc for GELU, whose x is computed from it again. */
@inline
function backward(
  kind: i32, dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32,
): void {
  const rowBytes = (channels as usize) << 2;
  const scales = rowsOfScratch;
  const partial = rowsOfScratch + rowBytes;
  const biases = partial + rowBytes;
  makeScales(inputParams, weightParams, scales, channels);
  if (kind == GELU) makeBiases(inputParams, weightParams, bias, scales, biases, channels);
  memory.fill(dbias, 0, rowBytes);
  for (let block = 0; block < rows; block += BLOCK) {
    memory.fill(partial, 0, rowBytes);
    const end = min(block + BLOCK, rows);
    for (let row = block; row < end; row++) {
      let c: usize = 0;
      for (; c + 16 <= rowBytes; c += 16) {
        let at = v128.load(saved + c);
        if (kind == GELU) at = f32x4.add(f32x4.mul(at, v128.load(scales + c)), v128.load(biases + c));
        const g = upstream(kind, v128.load(dy + c), at);
        v128.store(dacc + c, f32x4.mul(g, v128.load(scales + c)));
        v128.store(partial + c, f32x4.add(v128.load(partial + c), g));
      }
      for (; c < rowBytes; c += 4) {
        let at = v128.load32_splat(saved + c);
        if (kind == GELU)
          at = f32x4.add(f32x4.mul(at, v128.load32_splat(scales + c)), v128.load32_splat(biases + c));
        const g = upstream(kind, v128.load32_splat(dy + c), at);
        storeLane(dacc + c, f32x4.mul(g, v128.load32_splat(scales + c)));
        storeLane(partial + c, f32x4.add(v128.load32_splat(partial + c), g));
      }
      dy += rowBytes;
      saved += rowBytes;
      dacc += rowBytes;
    }
    for (let c: usize = 0; c < rowBytes; c += 4)
      store<f32>(dbias + c, load<f32>(dbias + c) + load<f32>(partial + c));
  }
}

export function epilogueLinear(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(LINEAR, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels);
}

export function epilogueLinearGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32,
): void {
  backward(LINEAR, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels);
}

export function epilogueRelu(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(RELU, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels);
}

export function epilogueReluGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32,
): void {
  backward(RELU, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels);
}

export function epilogueTanh(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(TANH, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels);
}

export function epilogueTanhGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32,
): void {
  backward(TANH, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels);
}

export function epilogueSigmoid(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(SIGMOID, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels);
}

export function epilogueSigmoidGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32,
): void {
  backward(SIGMOID, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels);
}

export function epilogueGelu(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(GELU, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels);
}

export function epilogueGeluGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32,
): void {
  backward(GELU, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels);
}
