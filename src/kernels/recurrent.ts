/** What the kernels of recurrent cells share: tensors [B, gates * H] whose rows hold the gates one after the other. */
import type { TensorInfo } from '@tensorflow/tfjs-core';

/** Rows B and the length H of a state, from a tensor [B, gates * H]. */
export function cellSizes({ shape }: TensorInfo, gates: number): readonly [rows: number, hidden: number] {
  const [rows, width] = shape as [number, number];
  return [rows, width / gates];
}

/**
 * Visits every element of a state [B, H].
 * @param visit receives its index there, and that of its first gate in a tensor [B, gates * H]; the others follow H apart
 */
export function forEachUnit(
  [rows, hidden]: readonly [number, number],
  gates: number,
  visit: (unit: number, gate: number) => void,
): void {
  for (let row = 0; row < rows; row++)
    for (let j = 0; j < hidden; j++) visit(row * hidden + j, row * gates * hidden + j);
}

/** The same in WGSL: a `main` that runs `body` for the `unit` and its first `gate`, with `hidden`; uniforms: units, hidden. */
export const unitMain = (gates: number, body: string) => `
fn main(group: u32, lane: u32) {
  let unit = group * 64u + lane;
  if (unit >= u32(uniforms.units)) { return; }
  let hidden = u32(uniforms.hidden);
  let gate = (unit / hidden) * ${gates}u * hidden + unit % hidden;
  ${body}
}`;
