/** attention of ../ops, head by head: both products by SIMD (./products.ts), the softmax between them as integers. */
import { layOut, upTo, widen } from './layout';
import { products } from './products';
import { finish, fourOf, integersOf, Rescale, toGrid, upper } from './rescale';

/** Zero points and layout of the operands, as ../vectors writes them. */
@unmanaged
class Attention {
  positions: i32;
  features: i32;
  heads: i32;
  causal: i32;
  zeroOfQueries: i32;
  zeroOfKeys: i32;
  zeroOfValues: i32;
  /** To scores; from shares in steps of 2^-shareBits to the softmax's grid; from sums of the values to the output's. */
  scores: Rescale;
  shares: Rescale;
  rescale: Rescale;
  /** u16: exp of minus a difference of scores, by the difference; 0 from `reach` on. */
  exponentials: usize;
  reach: i32;
  shareBits: i32;
  /** Of the softmax's grid. */
  zeroOfShares: i32;
}

/**
 * @param queries, keys, values, y i32 [positions, features]
 * @param rows room for queries, then shares, as pairs of i16
 * @param weights room for keys, then values, as the weights of a product
 * @param sums room for scores, then sums of values, i32
 */
export function attention(
  struct: usize,
  queries: usize,
  keys: usize,
  values: usize,
  y: usize,
  rows: usize,
  weights: usize,
  sums: usize,
): void {
  const op = changetype<Attention>(struct);
  const positions = op.positions;
  const depth = op.features / op.heads;
  const pitch = <usize>op.features << 2;
  const depthPairs = (depth + 1) >> 1;
  const pairs = (positions + 1) >> 1;
  const wide = upTo(positions, 4);
  const narrow = upTo(depth, 4);
  for (let head = 0; head < op.heads; head++) {
    const at = <usize>(head * depth) << 2;
    widen(queries + at, positions, depth, pitch, op.zeroOfQueries, rows, depthPairs << 2);
    layOut(keys + at, depth, positions, 4, pitch, op.zeroOfKeys, weights);
    products(rows, 1, positions, 0, depthPairs << 2, 1, 0, depthPairs, weights, wide, sums);
    for (let i = 0; i < positions; i++)
      softmax(op, sums + ((<usize>(i * wide)) << 2), op.causal ? i + 1 : positions, rows + ((<usize>(i * pairs)) << 2), pairs);
    layOut(values + at, positions, depth, pitch, 4, op.zeroOfValues, weights);
    products(rows, 1, positions, 0, pairs << 2, 1, 0, pairs, weights, narrow, sums);
    finish(sums, positions, depth, <usize>narrow << 2, 0, changetype<usize>(op.rescale), y + at, pitch);
  }
}

/** exp of minus a difference; a negative one, as of a key that is not seen, counts as beyond all. */
@inline
function exponential(op: Attention, difference: i32): i32 {
  return <u32>difference < <u32>op.reach ? <i32>load<u16>(op.exponentials + (<usize>difference << 1)) : 0;
}

/** Shares of two exponentials, rounded down: divided as doubles, which are exact here. */
@inline
function sharesOf(op: Attention, exponentials: v128, half: v128, total: v128): v128 {
  const parts = i32x4.add(i32x4.shl(exponentials, op.shareBits), half);
  return f64x2.floor(f64x2.div(f64x2.convert_low_i32x4_u(parts), total));
}

/** Shares of one query from its sums, for the `seen` keys, as i16; the others' are 0. @param sums become exponentials */
@inline
function softmax(op: Attention, sums: usize, seen: i32, shares: usize, pairs: i32): void {
  const end = <usize>seen << 2;
  const last = i32x4.splat(seen);
  const four = i32x4.splat(4);
  const lanes = fourOf(0, 1, 2, 3);
  let largest = i32x4.splat(i32.MIN_VALUE);
  let index = lanes;
  for (let j: usize = 0; j < end; j += 16) {
    const score = toGrid(op.scores, v128.load(sums + j));
    const known = v128.bitselect(score, i32x4.splat(i32.MIN_VALUE), i32x4.lt_s(index, last));
    v128.store(sums + j, known);
    largest = i32x4.max_s(largest, known);
    index = i32x4.add(index, four);
  }
  const most = max(
    max(i32x4.extract_lane(largest, 0), i32x4.extract_lane(largest, 1)),
    max(i32x4.extract_lane(largest, 2), i32x4.extract_lane(largest, 3)),
  );
  let total: u32 = 0;
  for (let j: usize = 0; j < upToFour(end); j += 4) {
    const e = exponential(op, most - load<i32>(sums + j));
    store<i32>(sums + j, e);
    total += e;
  }
  const half = i32x4.splat(total >> 1);
  const all = f64x2.splat(<f64>total);
  const zero = i32x4.splat(op.zeroOfShares);
  index = lanes;
  for (let j: usize = 0; j < end; j += 16) {
    const e = v128.load(sums + j);
    const share = integersOf(sharesOf(op, e, half, all), sharesOf(op, upper(e), half, all));
    const known = v128.and(i32x4.sub(toGrid(op.shares, share), zero), i32x4.lt_s(index, last));
    v128.store64_lane(shares + (j >> 1), i16x8.narrow_i32x4_s(known, known), 0);
    index = i32x4.add(index, four);
  }
  const done = upToFour(end) >> 1;
  const bytes = <usize>pairs << 2;
  if (done < bytes) memory.fill(shares + done, 0, bytes - done);
}

/** Bytes of whole vectors of i32. */
@inline
function upToFour(bytes: usize): usize {
  return (bytes + 15) & ~15;
}
