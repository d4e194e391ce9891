/** Batches of examples that lie on the heap. See src/session/residentData.ts. */
import { copyFloats } from './lanes';

/** y [count, each] = labels [examples, each] at rows [count] */
export function gatherLabels(labels: usize, rows: usize, y: usize, count: i32, each: i32): void {
  const bytes = (each as usize) << 2;
  for (let i = 0; i < count; i++) {
    const from = labels + (load<i32>(rows) as usize) * bytes;
    for (let k: usize = 0; k < bytes; k += 4) store<i32>(y + k, load<i32>(from + k));
    rows += 4;
    y += bytes;
  }
}

/** x [count, size] = examples [all, size] at rows [count] */
export function gatherFloats(examples: usize, rows: usize, x: usize, count: i32, size: i32): void {
  const bytes = (size as usize) << 2;
  for (let i = 0; i < count; i++) {
    copyFloats(x, examples + (load<i32>(rows) as usize) * bytes, bytes);
    rows += 4;
    x += bytes;
  }
}

/** x [count, size] = value / 255 of the bytes of examples [all, size] at rows [count] */
export function gatherBytes(examples: usize, rows: usize, x: usize, count: i32, size: i32): void {
  const all = f32x4.splat(255);
  for (let i = 0; i < count; i++) {
    let from = examples + (load<i32>(rows) as usize) * size;
    const end = from + size;
    for (; from + 8 <= end; from += 8) {
      const values = v128.load_ext<u8>(from);
      const low = i32x4.extend_low_i16x8_u(values), high = i32x4.extend_high_i16x8_u(values);
      v128.store(x, f32x4.div(f32x4.convert_i32x4_u(low), all));
      v128.store(x, f32x4.div(f32x4.convert_i32x4_u(high), all), 16);
      x += 32;
    }
    for (; from < end; from++) {
      store<f32>(x, (load<u8>(from) as f32) / 255);
      x += 4;
    }
    rows += 4;
  }
}
