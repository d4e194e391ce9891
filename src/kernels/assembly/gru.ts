/** The gates and the state of a gated recurrent unit, and their gradients. See ../gru/index.ts. */
import { get, put, sigmoid4, tanh4 } from './lanes';

@inline
function gatesAt(x: usize, h: usize, gates: usize, c: usize, row: usize, whole: bool): void {
  const z = c + row, n = z + row;
  const reset = sigmoid4(f32x4.add(get(x + c, whole), get(h + c, whole)));
  put(gates + c, reset, whole);
  put(gates + z, sigmoid4(f32x4.add(get(x + z, whole), get(h + z, whole))), whole);
  put(gates + n, tanh4(f32x4.add(get(x + n, whole), f32x4.mul(reset, get(h + n, whole)))), whole);
}

/** gates [rows, 3 * hidden] = r, z, n of x and h of the same shape */
export function gruGates(x: usize, h: usize, gates: usize, rows: i32, hidden: i32): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) gatesAt(x, h, gates, c, row, true);
    for (; c < row; c += 4) gatesAt(x, h, gates, c, row, false);
    x += 3 * row;
    h += 3 * row;
    gates += 3 * row;
  }
}

@inline
function gatesGradientAt(
  dy: usize, h: usize, gates: usize, dx: usize, dh: usize, c: usize, row: usize, whole: bool,
): void {
  const one = f32x4.splat(1);
  const z = c + row, n = z + row;
  const reset = get(gates + c, whole), update = get(gates + z, whole), state = get(gates + n, whole);
  const dState = f32x4.mul(get(dy + n, whole), f32x4.sub(one, f32x4.mul(state, state)));
  const dReset = f32x4.mul(
    f32x4.add(get(dy + c, whole), f32x4.mul(dState, get(h + n, whole))),
    f32x4.mul(reset, f32x4.sub(one, reset)),
  );
  const dUpdate = f32x4.mul(get(dy + z, whole), f32x4.mul(update, f32x4.sub(one, update)));
  put(dx + c, dReset, whole);
  put(dh + c, dReset, whole);
  put(dx + z, dUpdate, whole);
  put(dh + z, dUpdate, whole);
  put(dx + n, dState, whole);
  put(dh + n, f32x4.mul(dState, reset), whole);
}

/** dx and dh, both [rows, 3 * hidden] */
export function gruGatesGradient(
  dy: usize, h: usize, gates: usize, dx: usize, dh: usize, rows: i32, hidden: i32,
): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) gatesGradientAt(dy, h, gates, dx, dh, c, row, true);
    for (; c < row; c += 4) gatesGradientAt(dy, h, gates, dx, dh, c, row, false);
    dy += 3 * row;
    h += 3 * row;
    gates += 3 * row;
    dx += 3 * row;
    dh += 3 * row;
  }
}

@inline
function stateAt(gates: usize, h: usize, next: usize, c: usize, row: usize, whole: bool): void {
  const z = get(gates + c + row, whole);
  const fresh = f32x4.mul(f32x4.sub(f32x4.splat(1), z), get(gates + c + 2 * row, whole));
  put(next + c, f32x4.add(fresh, f32x4.mul(z, get(h + c, whole))), whole);
}

/** next [rows, hidden] = (1 - z) n + z h */
export function gruState(gates: usize, h: usize, next: usize, rows: i32, hidden: i32): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) stateAt(gates, h, next, c, row, true);
    for (; c < row; c += 4) stateAt(gates, h, next, c, row, false);
    gates += 3 * row;
    h += row;
    next += row;
  }
}

@inline
function stateGradientAt(
  dy: usize, gates: usize, h: usize, dgates: usize, dh: usize, c: usize, row: usize, whole: bool,
): void {
  const upstream = get(dy + c, whole), z = get(gates + c + row, whole);
  put(dgates + c, f32x4.splat(0), whole);
  put(
    dgates + c + row,
    f32x4.mul(upstream, f32x4.sub(get(h + c, whole), get(gates + c + 2 * row, whole))),
    whole,
  );
  put(dgates + c + 2 * row, f32x4.mul(upstream, f32x4.sub(f32x4.splat(1), z)), whole);
  put(dh + c, f32x4.mul(upstream, z), whole);
}

/** dgates [rows, 3 * hidden] and dh [rows, hidden] */
export function gruStateGradient(
  dy: usize, gates: usize, h: usize, dgates: usize, dh: usize, rows: i32, hidden: i32,
): void {
  const row = (hidden as usize) << 2;
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) stateGradientAt(dy, gates, h, dgates, dh, c, row, true);
    for (; c < row; c += 4) stateGradientAt(dy, gates, h, dgates, dh, c, row, false);
    dy += row;
    gates += 3 * row;
    h += row;
    dgates += 3 * row;
    dh += row;
  }
}
