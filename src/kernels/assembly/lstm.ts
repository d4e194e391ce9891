/** The gates, the cell and the hidden state of a long short-term memory, and their gradients. See ../lstm/index.ts. */
import { get, put, sigmoid4, tanh4 } from './lanes';

@inline
function sigmoidAt(x: usize, h: usize, y: usize, whole: bool): void {
  put(y, sigmoid4(f32x4.add(get(x, whole), get(h, whole))), whole);
}

@inline
function gatesAt(x: usize, h: usize, gates: usize, c: usize, row: usize, whole: bool): void {
  const f = c + row, g = f + row, o = g + row;
  sigmoidAt(x + c, h + c, gates + c, whole);
  sigmoidAt(x + f, h + f, gates + f, whole);
  put(gates + g, tanh4(f32x4.add(get(x + g, whole), get(h + g, whole))), whole);
  sigmoidAt(x + o, h + o, gates + o, whole);
}

/** gates [rows, 4 * hidden] = i, f, g, o of x + h */
export function lstmGates(x: usize, h: usize, gates: usize, rows: i32, hidden: i32): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) gatesAt(x, h, gates, c, row, true);
    for (; c < row; c += 4) gatesAt(x, h, gates, c, row, false);
    x += 4 * row;
    h += 4 * row;
    gates += 4 * row;
  }
}

@inline
function sigmoidGradientAt(dy: usize, y: usize, dx: usize, whole: bool): void {
  const value = get(y, whole);
  put(dx, f32x4.mul(get(dy, whole), f32x4.mul(value, f32x4.sub(f32x4.splat(1), value))), whole);
}

@inline
function gatesGradientAt(dy: usize, gates: usize, dx: usize, c: usize, row: usize, whole: bool): void {
  const f = c + row, g = f + row, o = g + row;
  sigmoidGradientAt(dy + c, gates + c, dx + c, whole);
  sigmoidGradientAt(dy + f, gates + f, dx + f, whole);
  const value = get(gates + g, whole);
  const slope = f32x4.sub(f32x4.splat(1), f32x4.mul(value, value));
  put(dx + g, f32x4.mul(get(dy + g, whole), slope), whole);
  sigmoidGradientAt(dy + o, gates + o, dx + o, whole);
}

/** dx [rows, 4 * hidden], the gradient to both summands */
export function lstmGatesGradient(dy: usize, gates: usize, dx: usize, rows: i32, hidden: i32): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) gatesGradientAt(dy, gates, dx, c, row, true);
    for (; c < row; c += 4) gatesGradientAt(dy, gates, dx, c, row, false);
    dy += 4 * row;
    gates += 4 * row;
    dx += 4 * row;
  }
}

@inline
function stateAt(gates: usize, cell: usize, next: usize, c: usize, row: usize, whole: bool): void {
  const kept = f32x4.mul(get(gates + c + row, whole), get(cell + c, whole));
  const added = f32x4.mul(get(gates + c, whole), get(gates + c + 2 * row, whole));
  put(next + c, f32x4.add(kept, added), whole);
}

/** next [rows, hidden] = f * cell + i * g */
export function lstmState(gates: usize, cell: usize, next: usize, rows: i32, hidden: i32): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) stateAt(gates, cell, next, c, row, true);
    for (; c < row; c += 4) stateAt(gates, cell, next, c, row, false);
    gates += 4 * row;
    cell += row;
    next += row;
  }
}

@inline
function stateGradientAt(
  dy: usize, gates: usize, cell: usize, dgates: usize, dcell: usize, c: usize, row: usize, whole: bool,
): void {
  const upstream = get(dy + c, whole);
  const f = c + row, g = f + row, o = g + row;
  put(dgates + c, f32x4.mul(upstream, get(gates + g, whole)), whole);
  put(dgates + f, f32x4.mul(upstream, get(cell + c, whole)), whole);
  put(dgates + g, f32x4.mul(upstream, get(gates + c, whole)), whole);
  put(dgates + o, f32x4.splat(0), whole);
  put(dcell + c, f32x4.mul(upstream, get(gates + f, whole)), whole);
}

/** dgates [rows, 4 * hidden] and dcell [rows, hidden] of the state */
export function lstmStateGradient(
  dy: usize, gates: usize, cell: usize, dgates: usize, dcell: usize, rows: i32, hidden: i32,
): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) stateGradientAt(dy, gates, cell, dgates, dcell, c, row, true);
    for (; c < row; c += 4) stateGradientAt(dy, gates, cell, dgates, dcell, c, row, false);
    dy += row;
    gates += 4 * row;
    cell += row;
    dgates += 4 * row;
    dcell += row;
  }
}

@inline
function hiddenAt(gates: usize, cell: usize, h: usize, c: usize, row: usize, whole: bool): void {
  put(h + c, f32x4.mul(get(gates + c + 3 * row, whole), tanh4(get(cell + c, whole))), whole);
}

/** h [rows, hidden] = o * tanh(cell) */
export function lstmHidden(gates: usize, cell: usize, h: usize, rows: i32, hidden: i32): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) hiddenAt(gates, cell, h, c, row, true);
    for (; c < row; c += 4) hiddenAt(gates, cell, h, c, row, false);
    gates += 4 * row;
    cell += row;
    h += row;
  }
}

@inline
function hiddenGradientAt(
  dy: usize, gates: usize, cell: usize, dgates: usize, dcell: usize, c: usize, row: usize, whole: bool,
): void {
  const upstream = get(dy + c, whole), t = tanh4(get(cell + c, whole));
  const o = c + 3 * row;
  put(dgates + o, f32x4.mul(upstream, t), whole);
  const slope = f32x4.sub(f32x4.splat(1), f32x4.mul(t, t));
  put(dcell + c, f32x4.mul(f32x4.mul(upstream, get(gates + o, whole)), slope), whole);
}

/** dgates [rows, 4 * hidden] and dcell [rows, hidden] of the hidden state */
export function lstmHiddenGradient(
  dy: usize, gates: usize, cell: usize, dgates: usize, dcell: usize, rows: i32, hidden: i32,
): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    memory.fill(dgates, 0, 3 * row);
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) hiddenGradientAt(dy, gates, cell, dgates, dcell, c, row, true);
    for (; c < row; c += 4) hiddenGradientAt(dy, gates, cell, dgates, dcell, c, row, false);
    dy += row;
    gates += 4 * row;
    cell += row;
    dgates += 4 * row;
    dcell += row;
  }
}
