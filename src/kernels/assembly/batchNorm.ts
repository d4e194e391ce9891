/** Batch normalization of x [rows, channels] and its gradient. See ../batchNorm/index.ts. */
import { storeLane } from './lanes';

/** As in ../batchNorm/constants.ts. */
const EPSILON: f32 = 1e-5;

/** Rows over which a column is summed before it is added to the total. */
const BLOCK: i32 = 128;

// @ts-ignore: decorator
@inline
function bytes(floats: i32): usize {
  return (floats as usize) << 2;
}

/** Four values, or one in all lanes. */
// @ts-ignore: decorator
@inline
function read(at: usize, whole: bool): v128 {
  return whole ? v128.load(at) : v128.load32_splat(at);
}

// @ts-ignore: decorator
@inline
function write(at: usize, value: v128, whole: bool): void {
  if (whole) v128.store(at, value);
  else storeLane(at, value);
}

/** total += the sum of x - origin over a block's rows, or of its square. */
// @ts-ignore: decorator
@inline
function addColumn(x: usize, origin: v128, squared: bool, total: usize, rows: i32, row: usize, whole: bool): void {
  let sum = f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    const distance = f32x4.sub(read(x, whole), origin);
    sum = f32x4.add(sum, squared ? f32x4.mul(distance, distance) : distance);
    x += row;
  }
  write(total, f32x4.add(read(total, whole), sum), whole);
}

/** to [channels] = the mean over all rows of x - origins, or of its square */
// @ts-ignore: decorator
@inline
function meanOfColumns(x: usize, origins: usize, squared: bool, to: usize, rows: i32, channels: i32): void {
  const row = bytes(channels);
  memory.fill(to, 0, row);
  for (let block = 0; block < rows; block += BLOCK) {
    const count = min(BLOCK, rows - block);
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) addColumn(x + c, read(origins + c, true), squared, to + c, count, row, true);
    for (; c < row; c += 4) addColumn(x + c, read(origins + c, false), squared, to + c, count, row, false);
    x += row * count;
  }
  for (let c: usize = 0; c < row; c += 4) store<f32>(to + c, load<f32>(to + c) / (rows as f32));
}

/** moments [2, channels]: rows mean, biased variance */
export function batchMoments(x: usize, moments: usize, rows: i32, channels: i32): void {
  const row = bytes(channels);
  // Distances from the first row: their sums are rounded by the spread of the values and not by their size.
  meanOfColumns(x, x, false, moments, rows, channels);
  for (let c: usize = 0; c < row; c += 4) store<f32>(moments + c, load<f32>(x + c) + load<f32>(moments + c));
  meanOfColumns(x, moments, true, moments + row, rows, channels);
}

/** scales [channels] = gamma / sqrt(variance + epsilon); statistics [2, channels] */
export function channelScale(gamma: usize, statistics: usize, scales: usize, channels: i32): void {
  const row = bytes(channels);
  for (let c: usize = 0; c < row; c += 4)
    store<f32>(scales + c, load<f32>(gamma + c) / sqrt<f32>(load<f32>(statistics + row + c) + EPSILON));
}

/** y [rows, channels]; scratch [channels] */
export function batchNorm(
  x: usize, gamma: usize, beta: usize, statistics: usize, y: usize, scratch: usize, rows: i32, channels: i32,
): void {
  const row = bytes(channels);
  channelScale(gamma, statistics, scratch, channels);
  for (let r = 0; r < rows; r++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) {
      const centred = f32x4.sub(v128.load(x + c), v128.load(statistics + c));
      v128.store(y + c, f32x4.add(f32x4.mul(centred, v128.load(scratch + c)), v128.load(beta + c)));
    }
    for (; c < row; c += 4)
      store<f32>(y + c, (load<f32>(x + c) - load<f32>(statistics + c)) * load<f32>(scratch + c) + load<f32>(beta + c));
    x += row;
    y += row;
  }
}

/** dbeta += the sum of dy over a block's rows, dgamma += that of dy * (x - mean) * inverse */
// @ts-ignore: decorator
@inline
function addProducts(
  dy: usize, x: usize, mean: v128, inverse: v128, dbeta: usize, dgamma: usize, rows: i32, row: usize, whole: bool,
): void {
  let sum = f32x4.splat(0), products = sum;
  for (let r = 0; r < rows; r++) {
    const upstream = read(dy, whole);
    sum = f32x4.add(sum, upstream);
    const normalized = f32x4.mul(f32x4.sub(read(x, whole), mean), inverse);
    products = f32x4.add(products, f32x4.mul(upstream, normalized));
    dy += row;
    x += row;
  }
  write(dbeta, f32x4.add(read(dbeta, whole), sum), whole);
  write(dgamma, f32x4.add(read(dgamma, whole), products), whole);
}

/** scale * (dy - meanSum - normalized * meanProduct) */
// @ts-ignore: decorator
@inline
function inputGradient(
  dy: usize, x: usize, statistics: usize, scratch: usize, row: usize, whole: bool,
): v128 {
  const normalized = f32x4.mul(f32x4.sub(read(x, whole), read(statistics, whole)), read(scratch, whole));
  const centred = f32x4.sub(read(dy, whole), read(scratch + 2 * row, whole));
  const rest = f32x4.sub(centred, f32x4.mul(normalized, read(scratch + 3 * row, whole)));
  return f32x4.mul(read(scratch + row, whole), rest);
}

/** dx [rows, channels], dgamma, dbeta [channels]; scratch [4, channels]: inverse, scale, means of dy and of dy * x^ */
export function batchNormGradient(
  dy: usize, x: usize, gamma: usize, statistics: usize, dx: usize, dgamma: usize, dbeta: usize, scratch: usize,
  rows: i32, channels: i32,
): void {
  const row = bytes(channels);
  for (let c: usize = 0; c < row; c += 4)
    store<f32>(scratch + c, 1 / sqrt<f32>(load<f32>(statistics + row + c) + EPSILON));
  channelScale(gamma, statistics, scratch + row, channels);
  memory.fill(dbeta, 0, row);
  memory.fill(dgamma, 0, row);
  for (let block = 0; block < rows; block += BLOCK) {
    const count = min(BLOCK, rows - block);
    const g = dy + row * block, from = x + row * block;
    let c: usize = 0;
    for (; c + 16 <= row; c += 16)
      addProducts(
        g + c, from + c, read(statistics + c, true), read(scratch + c, true), dbeta + c, dgamma + c, count, row, true,
      );
    for (; c < row; c += 4)
      addProducts(
        g + c, from + c, read(statistics + c, false), read(scratch + c, false), dbeta + c, dgamma + c, count, row,
        false,
      );
  }
  for (let c: usize = 0; c < row; c += 4) {
    store<f32>(scratch + 2 * row + c, load<f32>(dbeta + c) / (rows as f32));
    store<f32>(scratch + 3 * row + c, load<f32>(dgamma + c) / (rows as f32));
  }
  for (let r = 0; r < rows; r++) {
    let c: usize = 0;
    for (; c + 16 <= row; c += 16)
      v128.store(dx + c, inputGradient(dy + c, x + c, statistics + c, scratch + c, row, true));
    for (; c < row; c += 4)
      storeLane(dx + c, inputGradient(dy + c, x + c, statistics + c, scratch + c, row, false));
    dy += row;
    x += row;
    dx += row;
  }
}

/** running [2, channels] moved towards moments [2, channels], the variance unbiased */
export function updateRunning(running: usize, moments: usize, momentum: usize, rows: i32, channels: i32): void {
  const row = bytes(channels);
  const share = load<f32>(momentum), rest: f32 = 1 - share;
  const unbias: f32 = (rows as f32) / (max(rows - 1, 1) as f32);
  for (let c: usize = 0; c < 2 * row; c += 4) {
    let value = load<f32>(moments + c);
    if (c >= row) value *= unbias;
    store<f32>(running + c, rest * load<f32>(running + c) + share * value);
  }
}
