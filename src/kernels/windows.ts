/** Windows that slide over NHWC images, channel by channel: what pooling and depthwise convolution share. */
import type { backend_util } from '@tensorflow/tfjs-core';

/** Names of the sizes, as uniforms of a shader. */
export const windowUniforms = [
  'batch',
  'height',
  'width',
  'channels',
  'outHeight',
  'outWidth',
  'windowHeight',
  'windowWidth',
  'strideHeight',
  'strideWidth',
  'top',
  'left',
] as const;

/** The sizes in the order of `windowUniforms`, which is that of the WebAssembly kernels' arguments. */
export function windowSizes(window: backend_util.Conv2DInfo): number[] {
  return [
    window.batchSize,
    window.inHeight,
    window.inWidth,
    window.inChannels,
    window.outHeight,
    window.outWidth,
    window.filterHeight,
    window.filterWidth,
    window.strideHeight,
    window.strideWidth,
    window.padInfo.top,
    window.padInfo.left,
  ];
}

/** WGSL: the windows [firstWindow, lastWindow] along an axis that reach a position counted from the start of the padding. */
export const windowsOver = `
fn firstWindow(position: i32, window: i32, stride: i32) -> i32 {
  return max(0, (position - window + stride) / stride);
}

fn lastWindow(position: i32, stride: i32, windows: i32) -> i32 {
  return min(position / stride, windows - 1);
}
`;
