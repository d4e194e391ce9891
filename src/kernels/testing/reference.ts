/** Matrix product, convolution and pooling written down from their definitions, in float64, to test kernels against. */

type Shape4 = readonly [number, number, number, number];

/** a [M, K] times b [K, N], each possibly stored transposed. */
export function matmulReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [M, N, K]: readonly [number, number, number],
  transposeA = false,
  transposeB = false,
): number[] {
  return Array.from({ length: M * N }, (_, index) => {
    const n = index % N;
    const m = (index - n) / N;
    let sum = 0;
    for (let k = 0; k < K; k++)
      sum += a[transposeA ? k * M + m : m * K + k]! * b[transposeB ? n * K + k : k * N + n]!;
    return sum;
  });
}

/** A convolution: x NHWC, filter HWIO, output rows and columns, strides, padding before. */
export interface ConvolutionCase {
  readonly x: Shape4;
  readonly filter: Shape4;
  readonly out: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly before: readonly [number, number];
}

/** Visits every product of an input and a filter value, by the indices of input (-1 in the padding), filter and output. */
function visit(shape: ConvolutionCase, product: (x: number, w: number, y: number) => void): void {
  const [batch, height, width, inChannels] = shape.x;
  const [kernelHeight, kernelWidth, , outChannels] = shape.filter;
  const [outHeight, outWidth] = shape.out;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < outHeight; i++)
      for (let j = 0; j < outWidth; j++)
        for (let u = 0; u < kernelHeight; u++)
          for (let v = 0; v < kernelWidth; v++) {
            const r = i * shape.strides[0] - shape.before[0] + u;
            const c = j * shape.strides[1] - shape.before[1] + v;
            if (r < 0 || r >= height || c < 0 || c >= width) continue;
            for (let k = 0; k < inChannels; k++)
              for (let o = 0; o < outChannels; o++)
                product(
                  ((n * height + r) * width + c) * inChannels + k,
                  ((u * kernelWidth + v) * inChannels + k) * outChannels + o,
                  ((n * outHeight + i) * outWidth + j) * outChannels + o,
                );
          }
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function conv2dReference(
  shape: ConvolutionCase,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
): Float64Array {
  const y = new Float64Array(shape.x[0] * size(shape.out) * shape.filter[3]);
  visit(shape, (xAt, wAt, yAt) => {
    y[yAt]! += x[xAt]! * w[wAt]!;
  });
  return y;
}

/** The gradients of sum(dy * conv2d(x, w)) with respect to x and to w. */
export function conv2dGradientReference(
  shape: ConvolutionCase,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  dy: ArrayLike<number>,
): { dx: Float64Array; dw: Float64Array } {
  const dx = new Float64Array(size(shape.x));
  const dw = new Float64Array(size(shape.filter));
  visit(shape, (xAt, wAt, yAt) => {
    dx[xAt]! += dy[yAt]! * w[wAt]!;
    dw[wAt]! += dy[yAt]! * x[xAt]!;
  });
  return { dx, dw };
}

/** Maximum pooling: x NHWC, window, output rows and columns, strides, padding before. */
export interface PoolingCase {
  readonly x: Shape4;
  readonly window: readonly [number, number];
  readonly out: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly before: readonly [number, number];
}

/** Maxima y, and the gradient dx of sum(dy * y), where the first of equal values wins and NaN beats every number. */
export function maxPoolReference(
  shape: PoolingCase,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
): { y: number[]; dx: Float64Array } {
  const [batch, height, width, channels] = shape.x;
  const dx = new Float64Array(size(shape.x));
  const y: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < shape.out[0]; i++)
      for (let j = 0; j < shape.out[1]; j++)
        for (let k = 0; k < channels; k++) {
          const candidates: number[] = [];
          for (let u = 0; u < shape.window[0]; u++)
            for (let v = 0; v < shape.window[1]; v++) {
              const r = i * shape.strides[0] - shape.before[0] + u;
              const c = j * shape.strides[1] - shape.before[1] + v;
              if (r >= 0 && r < height && c >= 0 && c < width)
                candidates.push(((n * height + r) * width + c) * channels + k);
            }
          const largest = Math.max(...candidates.map((at) => x[at]!));
          const winner = candidates.find((at) => Object.is(x[at]! + 0, largest + 0))!;
          dx[winner]! += dy[y.length]!;
          y.push(largest);
        }
  return { y, dx };
}
