/** Windows over NHWC images, worked out from the definitions of TensorFlow's paddings, to test kernels against. */
import type { PoolingCase } from './reference';

export interface WindowCase extends PoolingCase {
  readonly name: string;
  readonly pad: 'same' | 'valid' | number;
}

/** Rows and columns of the output, and the padding before. */
export function windowCase(
  x: PoolingCase['x'],
  window: [number, number],
  strides: [number, number],
  pad: WindowCase['pad'],
): WindowCase {
  const axes = ([0, 1] as const).map((axis) => {
    const length = x[axis + 1]!;
    if (pad === 'same') {
      const out = Math.ceil(length / strides[axis]);
      return { out, before: Math.floor(Math.max((out - 1) * strides[axis] + window[axis] - length, 0) / 2) };
    }
    const before = pad === 'valid' ? 0 : pad;
    return { out: Math.floor((length + 2 * before - window[axis]) / strides[axis]) + 1, before };
  });
  return {
    name: `[${x}], window ${window}, stride ${strides}, ${pad}`,
    x,
    window,
    strides,
    pad,
    out: [axes[0]!.out, axes[1]!.out],
    before: [axes[0]!.before, axes[1]!.before],
  };
}

/** Visits every pixel under every window, by the indices of input, output and place in the window, channel included. */
export function visitWindows(shape: PoolingCase, visit: (x: number, y: number, tap: number) => void): void {
  const [batch, height, width, channels] = shape.x;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < shape.out[0]; i++)
      for (let j = 0; j < shape.out[1]; j++)
        for (let u = 0; u < shape.window[0]; u++)
          for (let v = 0; v < shape.window[1]; v++) {
            const r = i * shape.strides[0] - shape.before[0] + u;
            const q = j * shape.strides[1] - shape.before[1] + v;
            if (r < 0 || r >= height || q < 0 || q >= width) continue;
            for (let c = 0; c < channels; c++)
              visit(
                ((n * height + r) * width + q) * channels + c,
                ((n * shape.out[0] + i) * shape.out[1] + j) * channels + c,
                (u * shape.window[1] + v) * channels + c,
              );
          }
}

export function count(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
