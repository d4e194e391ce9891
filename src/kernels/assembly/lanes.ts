/** What several kernels do at the end of a row whose length is not a multiple of four. */

/** Stores the first of four values. */
@inline
export function storeLane(to: usize, value: v128): void {
  store<f32>(to, f32x4.extract_lane(value, 0));
}
