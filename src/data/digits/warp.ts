/** Elastic distortion: a smooth field of random displacements, as a cubic B-spline over a coarse grid. */
import type { Random } from '../random';

/** Nodes on a side, and their distance in pixels; the grid is centred on the digit and reaches beyond it. */
const nodes = 7;
const spacing = 8;

export class Warp {
  readonly #shift = new Float64Array(nodes * nodes * 2);
  readonly #weightsX = new Float64Array(4);
  readonly #weightsY = new Float64Array(4);
  /** The displacement that `at` found last. */
  dx = 0;
  dy = 0;

  /** Draws a new field whose nodes move by `strength` pixels (standard deviation) in x and y. */
  draw(strength: number, random: Random): void {
    for (let i = 0; i < this.#shift.length; i++) this.#shift[i] = strength * random.normal();
  }

  /** Sets dx and dy to the displacement at a point relative to the digit's middle; beyond the grid its rim goes on. */
  at(x: number, y: number): void {
    const column = basis(x, this.#weightsX);
    const row = basis(y, this.#weightsY);
    let dx = 0;
    let dy = 0;
    for (let j = 0; j < 4; j++) {
      for (let i = 0; i < 4; i++) {
        const weight = this.#weightsX[i]! * this.#weightsY[j]!;
        const node = 2 * ((row + j) * nodes + column + i);
        dx += weight * this.#shift[node]!;
        dy += weight * this.#shift[node + 1]!;
      }
    }
    this.dx = dx;
    this.dy = dy;
  }
}

/** Weights of the four nodes around a coordinate (uniform cubic B-spline); returns the first node's index. */
function basis(coordinate: number, weights: Float64Array): number {
  const position = Math.min(nodes - 2 - 1e-9, Math.max(1, coordinate / spacing + (nodes - 1) / 2));
  const first = Math.floor(position) - 1;
  const t = position - first - 1;
  const s = 1 - t;
  weights[0] = (s * s * s) / 6;
  weights[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
  weights[2] = (3 * s * s * s - 6 * s * s + 4) / 6;
  weights[3] = (t * t * t) / 6;
  return first;
}
