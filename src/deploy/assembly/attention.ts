/** attention of ../ops, head by head: both products by SIMD (./products.ts), the softmax between them as integers. */
import { layOut, upTo, widen } from './layout';
import { products } from './products';
import { finish, Rescale, toGridByOne } from './rescale';

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
    widen(queries + at, positions, depth, pitch, op.zeroOfQueries, rows);
    layOut(keys + at, depth, positions, 4, pitch, op.zeroOfKeys, weights);
    products(rows, 1, positions, 0, depthPairs << 2, 1, 0, depthPairs, weights, wide, sums);
    for (let i = 0; i < positions; i++)
      softmax(op, sums + ((<usize>(i * wide)) << 2), op.causal ? i + 1 : positions, rows + ((<usize>(i * pairs)) << 2), pairs);
    layOut(values + at, positions, depth, pitch, 4, op.zeroOfValues, weights);
    products(rows, 1, positions, 0, pairs << 2, 1, 0, pairs, weights, narrow, sums);
    finish(sums, positions, depth, <usize>narrow << 2, 0, changetype<usize>(op.rescale), y + at, pitch);
  }
}

/** Shares of one query from its sums, for the `seen` keys, as i16; the others' are 0. @param sums become exponentials */
@inline
function softmax(op: Attention, sums: usize, seen: i32, shares: usize, pairs: i32): void {
  const end = <usize>seen << 2;
  let largest = i32.MIN_VALUE;
  for (let j: usize = 0; j < end; j += 4) {
    const score = toGridByOne(op.scores, load<i32>(sums + j));
    store<i32>(sums + j, score);
    largest = max(largest, score);
  }
  let total: u32 = 0;
  for (let j: usize = 0; j < end; j += 4) {
    const difference = largest - load<i32>(sums + j);
    const e: u32 = difference < op.reach ? load<u16>(op.exponentials + (<usize>difference << 1)) : 0;
    store<u32>(sums + j, e);
    total += e;
  }
  const half = total >> 1;
  memory.fill(shares + (<usize>seen << 1), 0, (<usize>pairs << 2) - (<usize>seen << 1));
  for (let j: usize = 0; j < end; j += 4) {
    // Divided as doubles, which are exact here and faster.
    const share = <i32>(<f64>((load<u32>(sums + j) << op.shareBits) + half) / <f64>total);
    store<i16>(shares + (j >> 1), <i16>(toGridByOne(op.shares, share) - op.zeroOfShares));
  }
}
