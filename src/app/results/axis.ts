/** Axis limits and ticks that hold still while a run grows, and labels at a line's end that do not overlap. */

/** Lower ends that the accuracy axis may have; the higher ones let 97 and 98 % be told apart. */
const floors = [0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95] as const;
/** Share of the axis kept free under the lowest value, so that no line runs on it. */
const margin = 0.05;
/** The first tenth of a run does not set the axis: its steep start may leave below. */
const warmUp = 0.1;

/** Fewer evaluations than these are all start. */
const fewest = 6;

/** The rows that set the accuracy axis: all but the steep start, once there are enough; none before training. */
export const settled = <R extends { step: number }>(rows: readonly R[]): R[] => {
  const last = rows.at(-1)?.step ?? 0;
  if (last === 0) return [];
  const late = rows.filter(({ step }) => step >= warmUp * last);
  return late.length < fewest ? [...rows] : late;
};

/**
 * Lower end of the accuracy axis: the highest one of a few that leaves the lowest value in view.
 * @param lowest smallest accuracy of the settled part of the run; Infinity before there is one: below chance then
 * @param chance accuracy of guessing, 1 / classes
 */
export function accuracyFloor(lowest: number, chance: number): number {
  const low = Number.isFinite(lowest) ? lowest : chance;
  return floors.findLast((floor) => floor + margin * (1 - floor) <= low) ?? 0;
}

/** Ticks of the accuracy axis from its floor to 1. */
export function accuracyTicks(floor: number): number[] {
  const step = floor >= 0.95 ? 0.01 : floor >= 0.9 ? 0.02 : floor >= 0.8 ? 0.05 : floor >= 0.6 ? 0.1 : 0.2;
  const count = Math.round((1 - floor) / step);
  return Array.from({ length: count + 1 }, (_, i) => Math.round((floor + i * step) * 100) / 100);
}

const niceCeilings = [0.2, 0.5, 1, 2, 4, 6, 10, 20, 50, 100];

/**
 * Upper end of the loss axis; within a run it only rises, like the highest value. Far outliers (a rounded net may lose
 * hundreds of nats) do not set it: they run off the top, and the tooltip has the number.
 * @param highest largest loss of the run so far that should stay in view
 * @param chance loss of guessing, ln(classes)
 */
export function lossCeiling(highest: number, chance: number): number {
  const wanted = Math.min(Math.max(highest, 0), 4 * chance);
  return niceCeilings.find((nice) => nice >= wanted) ?? niceCeilings.at(-1)!;
}

/** Round steps from 0 up to `last`, at most `most` of them after 0. */
export function stepTicks(last: number, most: number): number[] {
  if (last <= 0) return [0];
  const power = 10 ** Math.floor(Math.log10(last / most));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => last / s <= most + 1e-9) ?? 10 * power;
  const whole = Math.max(1, step);
  return Array.from({ length: Math.floor(last / whole + 1e-9) + 1 }, (_, i) => i * whole);
}

/**
 * Moves labels apart, keeping their order and staying close to where they belong.
 * @param wanted where each would like to be, in pixels; any order
 * @param gap least distance between two
 * @returns their places in the order of `wanted`, within [low, high] if there is room
 */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  // Neighbours that would overlap form a block centred on the mean of what its members want.
  const blocks: { members: number[]; centre: number }[] = [];
  const top = (block: { members: number[]; centre: number }) =>
    block.centre - ((block.members.length - 1) * gap) / 2;
  const settle = (members: number[]) => {
    const half = ((members.length - 1) * gap) / 2;
    const mean = members.reduce((sum, i) => sum + wanted[i]!, 0) / members.length;
    return { members, centre: Math.max(low + half, Math.min(high - half, mean)) };
  };
  for (const index of order) {
    let block = settle([index]);
    for (let above = blocks.at(-1); above; above = blocks.at(-1)) {
      if (top(above) + above.members.length * gap <= top(block)) break;
      blocks.pop();
      block = settle([...above.members, ...block.members]);
    }
    blocks.push(block);
  }
  const places = new Array<number>(wanted.length).fill(0);
  for (const block of blocks)
    block.members.forEach((member, i) => {
      places[member] = top(block) + i * gap;
    });
  return places;
}
