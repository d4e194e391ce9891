/** Scale, bias and activation function after a quantized product. See ../epilogue/index.ts; ./epilogueGradient.ts has the gradient. */
import { GELU, LINEAR, makeBiases, makeScales, RELU, SIGMOID, TANH } from './epilogueParts';
import { gelu4, sigmoid4, storeLane, tanh4 } from './lanes';
import { follow, storeRange } from './observe';

@inline
function apply(kind: i32, x: v128): v128 {
  // As max(x, 0), NaN and -0 included, in fewer instructions.
  if (kind == RELU) return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), f32x4.splat(0));
  if (kind == TANH) return tanh4(x);
  if (kind == SIGMOID) return sigmoid4(x);
  if (kind == GELU) return gelu4(x);
  return x;
}

/**
 * @param observes takes y into the `state` of an observer too, as ../assembly/observe.ts does value by value
 * @param range if not 0, the range of y is stored there instead (./observe.ts)
 */
@inline
function forward(
  kind: i32, observes: bool, acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, state: usize, range: usize,
): void {
  let lowest = f32x4.splat(Infinity), highest = f32x4.splat(-Infinity), broken = f32x4.splat(0);
  const rowBytes = (channels as usize) << 2;
  const scales = rowsOfScratch;
  const biases = rowsOfScratch + rowBytes;
  makeScales(inputParams, weightParams, scales, channels);
  makeBiases(inputParams, weightParams, bias, scales, biases, channels);
  let row = 0;
  if (rowBytes == 32) {
    const k0 = v128.load(scales), k1 = v128.load(scales, 16), b0 = v128.load(biases), b1 = v128.load(biases, 16);
    for (; row < rows; row++) {
      const first = apply(kind, f32x4.add(f32x4.mul(v128.load(acc), k0), b0));
      const second = apply(kind, f32x4.add(f32x4.mul(v128.load(acc, 16), k1), b1));
      v128.store(y, first);
      v128.store(y, second, 16);
      if (observes) {
        lowest = f32x4.pmin(f32x4.pmin(lowest, first), second);
        highest = f32x4.pmax(f32x4.pmax(highest, first), second);
        broken = v128.or(broken, v128.or(f32x4.ne(first, first), f32x4.ne(second, second)));
      }
      acc += 32;
      y += 32;
    }
  }
  for (; row < rows; row++) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16) {
      const scaled = f32x4.mul(v128.load(acc + c), v128.load(scales + c));
      const value = apply(kind, f32x4.add(scaled, v128.load(biases + c)));
      v128.store(y + c, value);
      if (observes) {
        lowest = f32x4.pmin(lowest, value);
        highest = f32x4.pmax(highest, value);
        broken = v128.or(broken, f32x4.ne(value, value));
      }
    }
    for (; c < rowBytes; c += 4) {
      const scaled = f32x4.mul(v128.load32_splat(acc + c), v128.load32_splat(scales + c));
      const value = apply(kind, f32x4.add(scaled, v128.load32_splat(biases + c)));
      storeLane(y + c, value);
      if (observes) {
        lowest = f32x4.pmin(lowest, value);
        highest = f32x4.pmax(highest, value);
        broken = v128.or(broken, f32x4.ne(value, value));
      }
    }
    acc += rowBytes;
    y += rowBytes;
  }
  if (!observes) return;
  if (range) storeRange(range, lowest, highest, broken);
  else follow(state, v128.or(lowest, broken), v128.or(highest, broken));
}

export function epilogueLinear(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(LINEAR, false, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, 0, 0);
}

export function epilogueRelu(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(RELU, false, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, 0, 0);
}

export function epilogueTanh(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(TANH, false, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, 0, 0);
}

export function epilogueSigmoid(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(SIGMOID, false, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, 0, 0);
}

export function epilogueGelu(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32,
): void {
  forward(GELU, false, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, 0, 0);
}

// Together with a neighbour, for recorded steps: ../fusedLaunches.ts.

export function epilogueLinearObserved(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32, state: usize, range: usize,
): void {
  forward(LINEAR, true, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, state, range);
}

export function epilogueReluObserved(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32, state: usize, range: usize,
): void {
  forward(RELU, true, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, state, range);
}

export function epilogueTanhObserved(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32, state: usize, range: usize,
): void {
  forward(TANH, true, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, state, range);
}

export function epilogueSigmoidObserved(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32, state: usize, range: usize,
): void {
  forward(SIGMOID, true, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, state, range);
}

export function epilogueGeluObserved(
  acc: usize, inputParams: usize, weightParams: usize, bias: usize, y: usize, rowsOfScratch: usize, rows: i32,
  channels: i32, state: usize, range: usize,
): void {
  forward(GELU, true, acc, inputParams, weightParams, bias, y, rowsOfScratch, rows, channels, state, range);
}
