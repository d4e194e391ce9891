/**
 * The digits, written by a simulated hand: a glyph's points are moved a little each, the whole is slanted, turned, scaled,
 * elastically distorted and shifted, and drawn with a pen of varying pressure; then come gaps, specks, a paler ink and
 * grain. 28x28 bytes, ink is bright as in MNIST.
 */
import { onCircle } from '../circle';
import type { Random } from '../random';
import { type Glyph, glyphs, type Stroke } from './glyphs';
import { Canvas, imageSide } from './raster';
import { Warp } from './warp';

/** Strength of each distortion at noise 0.5; lengths in pixels, standard deviations unless it says otherwise. */
const strength = {
  point: 0.42,
  warp: 1.3,
  slant: 0.15,
  turn: 0.02,
  width: 0.13,
  height: 0.08,
  shift: 0.8,
  pen: 0.28,
  pressure: 0.16,
  /** Largest loss of brightness. */
  pale: 0.45,
  grain: 0.045,
  /** Probabilities. */
  gap: 0.08,
  speck: 0.2,
};
/** Half the pen's width in pixels, and between which factors it may vary. */
const pen = { half: 1.2, least: 0.5, most: 1.9 };
/** Straight pieces that each span between two points of a glyph is drawn with. */
const pieces = 5;
/** Half the length of a gap in a stroke. */
const gapReach = 1.6;
const centre = imageSide / 2;
/** Not value ** 2: a power may differ in its last bit between engines. */
const square = (value: number) => value * value;
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** Writes one image of a digit (0 to 9) into `image` from `offset` on. */
export type DigitPainter = (digit: number, image: Uint8Array, offset: number) => void;

/** A painter whose hand is as unsteady as `noise` (0 to 1) says; 0 leaves only the choice of the variant. */
export function createDigitPainter(noise: number, random: Random): DigitPainter {
  // 0 at 0, 1 at 0.5, 1.6 at 1: the strongest setting is still legible.
  const level = noise * (2.4 - 0.8 * noise);
  const canvas = new Canvas();
  const warp = new Warp();
  const deviate = (scale: number) => level * scale * random.normal();
  const happens = (probability: number) => random.next() < level * probability;

  /** A smooth track through a stroke's points, drawn piece by piece. */
  function draw(stroke: Stroke, place: (x: number, y: number) => [number, number], half: number) {
    const count = stroke.corners.length;
    const points = stroke.points.map((value) => value + deviate(strength.point));
    const pressure = stroke.corners.map(() => half * clamp(1 + deviate(strength.pressure), 0.5, 1.5));
    const gap = happens(strength.gap) ? random.int(count) : -1;
    let gapX = Number.NaN;
    let gapY = Number.NaN;
    if (gap >= 0) [gapX, gapY] = place(points[2 * gap]!, points[2 * gap + 1]!);
    let [fromX, fromY] = place(points[0]!, points[1]!);
    let fromHalf = pressure[0]!;
    for (let i = 0; i + 1 < count; i++) {
      const before = stroke.corners[i] || i === 0 ? i : i - 1;
      const after = stroke.corners[i + 1] || i + 2 === count ? i + 1 : i + 2;
      for (let piece = 1; piece <= pieces; piece++) {
        const t = piece / pieces;
        const x = catmullRom(points[2 * before]!, points[2 * i]!, points[2 * i + 2]!, points[2 * after]!, t);
        const y = catmullRom(
          points[2 * before + 1]!,
          points[2 * i + 1]!,
          points[2 * i + 3]!,
          points[2 * after + 1]!,
          t,
        );
        const [toX, toY] = place(x, y);
        const toHalf = pressure[i]! + t * (pressure[i + 1]! - pressure[i]!);
        const inGap = Math.abs(toX - gapX) + Math.abs(toY - gapY) < gapReach;
        if (!inGap) canvas.segment(fromX, fromY, fromHalf, toX, toY, toHalf);
        fromX = toX;
        fromY = toY;
        fromHalf = toHalf;
      }
    }
  }

  return (digit, image, offset) => {
    const { strokes } = choose(glyphs[digit]!, random);
    const [cosine, sine] = onCircle(deviate(strength.turn));
    const slant = deviate(strength.slant);
    const width = clamp(1 + deviate(strength.width), 0.5, 1.3);
    const height = clamp(1 + deviate(strength.height), 0.6, 1.15);
    const shiftX = clamp(deviate(strength.shift), -3, 3);
    const shiftY = clamp(deviate(strength.shift), -3, 3);
    warp.draw(level * strength.warp, random);
    const place = (x: number, y: number): [number, number] => {
      const sx = width * x - slant * y;
      const sy = height * y;
      const tx = cosine * sx - sine * sy;
      const ty = sine * sx + cosine * sy;
      warp.at(tx, ty);
      return [centre + tx + warp.dx + shiftX, centre + ty + warp.dy + shiftY];
    };

    canvas.clear();
    const half = pen.half * clamp(1 + deviate(strength.pen), pen.least, pen.most);
    for (const stroke of strokes) draw(stroke, place, half);
    for (let i = 0; i < 2; i++) {
      if (!happens(strength.speck)) continue;
      const x = imageSide * random.next();
      const y = imageSide * random.next();
      const radius = 0.3 + 0.7 * random.next();
      canvas.segment(x, y, radius, x + random.next(), y + random.next(), radius);
    }

    const bright = 1 - Math.min(0.8, level * strength.pale) * square(random.next());
    const softness = 0.9 + 0.6 * Math.min(1, level) * random.next();
    const grain = level * strength.grain;
    for (let i = 0; i < imageSide * imageSide; i++) {
      const ink = bright * canvas.ink(i, softness) + (grain > 0 ? grain * random.normal() : 0);
      image[offset + i] = Math.round(255 * clamp(ink, 0, 1));
    }
  };
}

/** Uniform Catmull-Rom spline between b and c; a repeated end point makes a corner or an end. */
function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

function choose(variants: Glyph[], random: Random): Glyph {
  let rest = random.next() * variants.reduce((sum, { frequency }) => sum + frequency, 0);
  for (const variant of variants) {
    rest -= variant.frequency;
    if (rest < 0) return variant;
  }
  return variants[0]!;
}
