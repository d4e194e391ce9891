/** Draws a pen's track into a 28x28 image, anti-aliased: what counts is each pixel's distance to the track's edge. */

export const imageSide = 28;
const pixels = imageSide * imageSide;
/** Distance that stands for "no ink here", in pixels. */
const far = 1e3;

/** A canvas that is reused from image to image. Coordinates are in pixels from the image's top left corner. */
export class Canvas {
  /** Signed distance of each pixel's centre to the nearest edge of ink: negative inside. */
  readonly #distance = new Float32Array(pixels);

  clear(): void {
    this.#distance.fill(far);
  }

  /** Adds a straight piece of track from (ax, ay) to (bx, by), whose half width goes from `from` to `to`. */
  segment(ax: number, ay: number, from: number, bx: number, by: number, to: number): void {
    // Beyond this margin a pixel stays blank even with the softest edge.
    const margin = Math.max(from, to) + 1.5;
    const left = Math.max(0, Math.ceil(Math.min(ax, bx) - margin - 0.5));
    const right = Math.min(imageSide - 1, Math.floor(Math.max(ax, bx) + margin - 0.5));
    const top = Math.max(0, Math.ceil(Math.min(ay, by) - margin - 0.5));
    const bottom = Math.min(imageSide - 1, Math.floor(Math.max(ay, by) + margin - 0.5));
    const dx = bx - ax;
    const dy = by - ay;
    const square = dx * dx + dy * dy;
    const inverse = square > 0 ? 1 / square : 0;
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const px = column + 0.5 - ax;
        const py = row + 0.5 - ay;
        const along = Math.min(1, Math.max(0, (px * dx + py * dy) * inverse));
        const ex = px - along * dx;
        const ey = py - along * dy;
        const distance = Math.sqrt(ex * ex + ey * ey) - (from + along * (to - from));
        const index = row * imageSide + column;
        if (distance < this.#distance[index]!) this.#distance[index] = distance;
      }
    }
  }

  /** Ink from 0 to 1 of a pixel, for an edge that fades over `softness` pixels. */
  ink(index: number, softness: number): number {
    const t = 0.5 - this.#distance[index]! / softness;
    return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
  }
}
