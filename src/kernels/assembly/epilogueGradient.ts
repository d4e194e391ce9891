/** The gradient of scale, bias and activation function after a quantized product. See ../epilogue/index.ts. */
import { GELU, LINEAR, makeBiases, makeScales, RELU, SIGMOID, TANH } from './epilogueParts';
import { geluSlope4, get, put } from './lanes';
import { gridGradient, leastInside, signGradient } from './quantize';

/** Rows over which a bias gradient is summed before it is added to the total, as on the other backends. */
const BLOCK: i32 = 256;

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

// How the gradient of y comes: as it is, or as that of y rounded per tensor, on a grid or to its sign.
const PLAIN: i32 = 0;
const GRID: i32 = 1;
const SIGN: i32 = 2;

/** The gradient of acc at one or four values, stored; @returns what the bias gets of it */
@inline
function backwardAt(
  kind: i32, rounding: i32, dy: usize, saved: usize, dacc: usize, scale: v128, bias: v128,
  y: usize, inverse: v128, least: v128, greatest: v128, whole: bool,
): v128 {
  let at = get(saved, whole);
  if (kind == GELU) at = f32x4.add(f32x4.mul(at, scale), bias);
  let above = get(dy, whole);
  if (rounding == SIGN) above = signGradient(above, get(y, whole), inverse);
  if (rounding == GRID) above = gridGradient(above, get(y, whole), inverse, least, greatest);
  const g = upstream(kind, above, at);
  put(dacc, f32x4.mul(g, scale), whole);
  return g;
}

/**
 * `saved` is y, or acc for GELU, whose x is computed from it again.
 * @param dbiasStep if not 0, the sum over each block of rows is stored by itself, these many bytes apart
 * @param rounding if not PLAIN, dy is the gradient of y rounded by params [4, 1] and settings, as ./quantize.ts has it
 */
@inline
function backward(
  kind: i32, rounding: i32, dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize,
  dacc: usize, dbias: usize, rowsOfScratch: usize, rows: i32, channels: i32,
  y: usize, params: usize, settings: usize, dbiasStep: usize,
): void {
  let inverse = f32x4.splat(1), least = inverse, greatest = inverse;
  if (rounding != PLAIN) inverse = v128.load32_splat(params, 4);
  if (rounding == GRID) {
    const zeroPoint = load<f32>(params, 8);
    least = f32x4.splat(leastInside(load<f32>(settings), zeroPoint));
    greatest = f32x4.splat(-leastInside(-load<f32>(settings, 4), -zeroPoint));
  }
  const rowBytes = (channels as usize) << 2;
  const scales = rowsOfScratch;
  const biases = scales + rowBytes, sums = biases + rowBytes;
  makeScales(inputParams, weightParams, scales, channels);
  if (kind == GELU) makeBiases(inputParams, weightParams, bias, scales, biases, channels);
  memory.fill(dbias, 0, rowBytes);
  for (let block = 0; block < rows; block += BLOCK) {
    const end = (min(BLOCK, rows - block) as usize) * rowBytes;
    if (dbiasStep && block > 0) memory.fill(dbias, 0, rowBytes);
    let c: usize = 0;
    // Curves take longer than the sums: row after row, since down the columns of four tensors the caches keep up badly.
    if (kind != LINEAR && kind != RELU) {
      memory.fill(sums, 0, rowBytes);
      for (let row: usize = 0; row < end; row += rowBytes) {
        for (c = 0; c + 16 <= rowBytes; c += 16) {
          const i = row + c;
          addTo(sums + c, backwardAt(
            kind, rounding, dy + i, saved + i, dacc + i, v128.load(scales + c), v128.load(biases + c), y + i,
            inverse, least, greatest, true,
          ), true);
        }
      }
      for (c = 0; c + 16 <= rowBytes; c += 16) addTo(dbias + c, v128.load(sums + c), true);
    }
    // A line of the cache, then one vector, at a time: the sums of a block's rows stay in registers.
    for (; c + 64 <= rowBytes; c += 64) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      const k0 = v128.load(scales + c), k1 = v128.load(scales + c, 16);
      const k2 = v128.load(scales + c, 32), k3 = v128.load(scales + c, 48);
      for (let i = c; i < end; i += rowBytes) {
        const d = dy + i, v = saved + i, to = dacc + i, o = y + i, b = biases + c;
        s0 = f32x4.add(s0, backwardAt(
          kind, rounding, d, v, to, k0, v128.load(b), o, inverse, least, greatest, true,
        ));
        s1 = f32x4.add(s1, backwardAt(
          kind, rounding, d + 16, v + 16, to + 16, k1, v128.load(b, 16), o + 16,
          inverse, least, greatest, true,
        ));
        s2 = f32x4.add(s2, backwardAt(
          kind, rounding, d + 32, v + 32, to + 32, k2, v128.load(b, 32), o + 32,
          inverse, least, greatest, true,
        ));
        s3 = f32x4.add(s3, backwardAt(
          kind, rounding, d + 48, v + 48, to + 48, k3, v128.load(b, 48), o + 48,
          inverse, least, greatest, true,
        ));
      }
      addTo(dbias + c, s0, true);
      addTo(dbias + c + 16, s1, true);
      addTo(dbias + c + 32, s2, true);
      addTo(dbias + c + 48, s3, true);
    }
    // Eight channels are common too.
    for (; c + 32 <= rowBytes; c += 32) {
      let s0 = f32x4.splat(0), s1 = s0;
      const k0 = v128.load(scales + c), k1 = v128.load(scales + c, 16);
      const b0 = v128.load(biases + c), b1 = v128.load(biases + c, 16);
      for (let i = c; i < end; i += rowBytes) {
        const d = dy + i, v = saved + i, to = dacc + i, o = y + i;
        s0 = f32x4.add(s0, backwardAt(
          kind, rounding, d, v, to, k0, b0, o, inverse, least, greatest, true,
        ));
        s1 = f32x4.add(s1, backwardAt(
          kind, rounding, d + 16, v + 16, to + 16, k1, b1, o + 16, inverse, least, greatest, true,
        ));
      }
      addTo(dbias + c, s0, true);
      addTo(dbias + c + 16, s1, true);
    }
    for (; c + 16 <= rowBytes; c += 16) {
      let sum = f32x4.splat(0);
      const scale = v128.load(scales + c), b = v128.load(biases + c);
      for (let i = c; i < end; i += rowBytes)
        sum = f32x4.add(sum, backwardAt(
          kind, rounding, dy + i, saved + i, dacc + i, scale, b, y + i,
          inverse, least, greatest, true,
        ));
      addTo(dbias + c, sum, true);
    }
    for (; c < rowBytes; c += 4) {
      let sum = f32x4.splat(0);
      const scale = v128.load32_splat(scales + c), b = v128.load32_splat(biases + c);
      for (let i = c; i < end; i += rowBytes)
        sum = f32x4.add(sum, backwardAt(
          kind, rounding, dy + i, saved + i, dacc + i, scale, b, y + i,
          inverse, least, greatest, false,
        ));
      addTo(dbias + c, sum, false);
    }
    dy += end;
    saved += end;
    y += end;
    dacc += end;
    dbias += dbiasStep;
  }
}

@inline
function addTo(at: usize, sum: v128, whole: bool): void {
  put(at, f32x4.add(get(at, whole), sum), whole);
}

export function epilogueLinearGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, dbiasStep: usize,
): void {
  backward(LINEAR, PLAIN, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, 0, 0, 0, dbiasStep);
}

export function epilogueReluGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, dbiasStep: usize,
): void {
  backward(RELU, PLAIN, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, 0, 0, 0, dbiasStep);
}

export function epilogueTanhGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, dbiasStep: usize,
): void {
  backward(TANH, PLAIN, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, 0, 0, 0, dbiasStep);
}

export function epilogueSigmoidGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, dbiasStep: usize,
): void {
  backward(SIGMOID, PLAIN, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, 0, 0, 0, dbiasStep);
}

export function epilogueGeluGradient(
  dy: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, dbiasStep: usize,
): void {
  backward(GELU, PLAIN, dy, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, 0, 0, 0, dbiasStep);
}

// Together with a neighbour, for recorded steps: ../fusedLaunches.ts.

/** @param kind of the activation function; a constant */
@inline
function plainGradient(
  kind: i32, dy: usize, saved: usize, inputs: usize, weights: usize, bias: usize, dacc: usize, dbias: usize,
  scratch: usize, rows: i32, channels: i32, step: usize,
): void {
  if (kind == LINEAR)
    epilogueLinearGradient(dy, saved, inputs, weights, bias, dacc, dbias, scratch, rows, channels, step);
  if (kind == RELU)
    epilogueReluGradient(dy, saved, inputs, weights, bias, dacc, dbias, scratch, rows, channels, step);
  if (kind == TANH)
    epilogueTanhGradient(dy, saved, inputs, weights, bias, dacc, dbias, scratch, rows, channels, step);
  if (kind == SIGMOID)
    epilogueSigmoidGradient(dy, saved, inputs, weights, bias, dacc, dbias, scratch, rows, channels, step);
  if (kind == GELU)
    epilogueGeluGradient(dy, saved, inputs, weights, bias, dacc, dbias, scratch, rows, channels, step);
}

/** @param kind of the activation function; a constant */
@inline
function backwardRounded(
  kind: i32, dq: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, y: usize, params: usize, settings: usize, dbiasStep: usize,
): void {
  const mode = load<f32>(settings, 8);
  // Without bits every gradient passes.
  if (mode == 0)
    plainGradient(
      kind, dq, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, dbiasStep,
    );
  else if (mode == 2)
    backward(
      kind, SIGN, dq, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels,
      y, params, settings, dbiasStep,
    );
  else
    backward(
      kind, GRID, dq, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels,
      y, params, settings, dbiasStep,
    );
}

export function epilogueLinearGradientRounded(
  dq: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, y: usize, params: usize, settings: usize, dbiasStep: usize,
): void {
  backwardRounded(
    LINEAR, dq, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, y, params, settings,
    dbiasStep,
  );
}

export function epilogueReluGradientRounded(
  dq: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, y: usize, params: usize, settings: usize, dbiasStep: usize,
): void {
  backwardRounded(
    RELU, dq, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, y, params, settings,
    dbiasStep,
  );
}

export function epilogueTanhGradientRounded(
  dq: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, y: usize, params: usize, settings: usize, dbiasStep: usize,
): void {
  backwardRounded(
    TANH, dq, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, y, params, settings,
    dbiasStep,
  );
}

export function epilogueSigmoidGradientRounded(
  dq: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, y: usize, params: usize, settings: usize, dbiasStep: usize,
): void {
  backwardRounded(
    SIGMOID, dq, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, y, params, settings,
    dbiasStep,
  );
}

export function epilogueGeluGradientRounded(
  dq: usize, saved: usize, inputParams: usize, weightParams: usize, bias: usize, dacc: usize, dbias: usize,
  rowsOfScratch: usize, rows: i32, channels: i32, y: usize, params: usize, settings: usize, dbiasStep: usize,
): void {
  backwardRounded(
    GELU, dq, saved, inputParams, weightParams, bias, dacc, dbias, rowsOfScratch, rows, channels, y, params, settings,
    dbiasStep,
  );
}
