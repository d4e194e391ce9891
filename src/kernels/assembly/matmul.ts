/** Matrix product of row-major float32 matrices, either transposed, blocked for the caches. See tile.ts for the sums. */
import { TILE_COLUMNS, TILE_ROWS, tile } from './tile';

/** Values of k, and rows of A, worked on at once: a panel of B then fits the first cache, a block of A the second. */
const BLOCK_K: i32 = 256;
const BLOCK_ROWS: i32 = 64;

/** Up to this many columns, rows of B are close enough together to be read where they are. */
const UNPACKED_COLUMNS: i32 = 32;

// @ts-ignore: decorator
@inline
function bytes(floats: i32): usize {
  return (floats as usize) << 2;
}

/**
 * Copies rows k < K of B [K, N] (element (k, n) at b + 4 * (k * rowStride + n * columnStride); one of the strides is 1)
 * into panels of 8 columns, each [K, 8] and filled up with zero columns.
 */
export function packPanels(b: usize, K: i32, N: i32, rowStride: i32, columnStride: i32, packed: usize): void {
  const row = bytes(rowStride), column = bytes(columnStride);
  for (let n = 0; n < N; n += TILE_COLUMNS) {
    const width = min(TILE_COLUMNS, N - n);
    let from = b + (n as usize) * column;
    let k = 0;
    if (width == TILE_COLUMNS && columnStride == 1) {
      for (; k < K; k++) {
        v128.store(packed, v128.load(from));
        v128.store(packed, v128.load(from, 16), 16);
        from += row;
        packed += 32;
      }
    } else if (width == TILE_COLUMNS && rowStride == 1) {
      for (; k + 4 <= K; k += 4) {
        transpose4(from, column, packed);
        transpose4(from + (column << 2), column, packed + 16);
        from += 16;
        packed += 128;
      }
    }
    for (; k < K; k++) {
      let at = from;
      for (let j = 0; j < TILE_COLUMNS; j++) {
        store<f32>(packed, j < width ? load<f32>(at) : 0);
        at += column;
        packed += 4;
      }
      from += row;
    }
  }
}

/** Four vectors, `column` bytes apart, written as the rows of their transpose, 32 bytes apart. */
// @ts-ignore: decorator
@inline
function transpose4(from: usize, column: usize, to: usize): void {
  const v0 = v128.load(from), v1 = v128.load(from + column);
  const v2 = v128.load(from + (column << 1)), v3 = v128.load(from + (column << 1) + column);
  const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96);
}

/** Copies columns m < rows of A stored [K, M] (rows `row` bytes apart) into groups of 4: [rows / 4, K, 4], zero filled. */
function packTransposedRows(a: usize, K: i32, rows: i32, row: usize, packed: usize): void {
  for (let m = 0; m < rows; m += TILE_ROWS) {
    let from = a + bytes(m);
    const width = min(TILE_ROWS, rows - m);
    for (let k = 0; k < K; k++) {
      if (width == TILE_ROWS) {
        v128.store(packed, v128.load(from));
      } else {
        for (let i = 0; i < TILE_ROWS; i++) {
          store<f32>(packed + bytes(i), i < width ? load<f32>(from + bytes(i)) : 0);
        }
      }
      from += row;
      packed += 16;
    }
  }
}

/**
 * C [batch, M, N] = A * B, A [batch, M, K] (or [batch, K, M] if transposeA), B [batch, K, N] (or [batch, N, K] if
 * transposeB). aBatch and bBatch are the floats from one matrix of A and B to the next, 0 for one that serves all.
 * `work` holds 4 * min(K, 256) * (64 + N rounded up to 8) bytes.
 */
export function matmul(
  a: usize, b: usize, c: usize, batch: i32, aBatch: i32, bBatch: i32,
  M: i32, N: i32, K: i32, transposeA: i32, transposeB: i32, work: usize,
): void {
  if (K == 0) memory.fill(c, 0, bytes(batch) * M * N);
  for (let i = 0; i < batch; i++) {
    product(a, b, c, M, N, K, transposeA != 0, transposeB != 0, 0, M, 0, N, work);
    a += bytes(aBatch);
    b += bytes(bBatch);
    c += bytes(M) * N;
  }
}

/**
 * Rows firstRow to endRow and columns firstColumn to endColumn of one product, the same to the last bit: for threads
 * (../split). K > 0; firstColumn is a multiple of 8, and so is endColumn unless it is N.
 */
export function matmulBlock(
  a: usize, b: usize, c: usize, M: i32, N: i32, K: i32, transposeA: i32, transposeB: i32,
  firstRow: i32, endRow: i32, firstColumn: i32, endColumn: i32, work: usize,
): void {
  product(
    a, b, c, M, N, K, transposeA != 0, transposeB != 0, firstRow, endRow, firstColumn, endColumn, work,
  );
}

function product(
  a: usize, b: usize, c: usize, M: i32, N: i32, K: i32, transposeA: bool, transposeB: bool,
  firstRow: i32, endRow: i32, firstColumn: i32, endColumn: i32, work: usize,
): void {
  const unpacked = !transposeB && N % TILE_COLUMNS == 0 && N <= UNPACKED_COLUMNS;
  const packedA = work, packedB = work + bytes(BLOCK_ROWS * min(K, BLOCK_K));
  const cRow = bytes(N), bStep: usize = unpacked ? cRow : 32;
  for (let k = 0; k < K; k += BLOCK_K) {
    const depth = min(BLOCK_K, K - k);
    let panels = b + bytes(transposeB ? firstColumn * K + k : k * N + firstColumn);
    if (!unpacked) {
      packPanels(panels, depth, endColumn - firstColumn, transposeB ? 1 : N, transposeB ? K : 1, packedB);
      panels = packedB;
    }
    const panelBytes: usize = unpacked ? 32 : bytes(depth) << 3;
    for (let m = firstRow; m < endRow; m += BLOCK_ROWS) {
      const blockRows = min(BLOCK_ROWS, endRow - m);
      if (transposeA) packTransposedRows(a + bytes(k * M + m), depth, blockRows, bytes(M), packedA);
      let panel = panels;
      for (let n = firstColumn; n < endColumn; n += TILE_COLUMNS) {
        for (let i = 0; i < blockRows; i += TILE_ROWS) {
          const rows = min(TILE_ROWS, blockRows - i), to = c + bytes((m + i) * N + n);
          if (transposeA) {
            const a0 = packedA + bytes(i * depth);
            tile(
              a0, a0 + 4, a0 + 8, a0 + 12, 16, 0, panel, bStep, 1, depth,
              to, cRow, rows, min(TILE_COLUMNS, endColumn - n), k > 0,
            );
          } else {
            const a0 = a + bytes((m + i) * K + k), next = bytes(K);
            const a1 = rows > 1 ? a0 + next : a0, a2 = rows > 2 ? a1 + next : a1, a3 = rows > 3 ? a2 + next : a2;
            tile(
              a0, a1, a2, a3, 4, 0, panel, bStep, 1, depth,
              to, cRow, rows, min(TILE_COLUMNS, endColumn - n), k > 0,
            );
          }
        }
        panel += panelBytes;
      }
    }
  }
}
