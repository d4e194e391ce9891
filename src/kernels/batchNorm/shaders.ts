/** The shaders of batch normalization; ./webgpu.ts dispatches them. */
import { Shader } from '../webgpu';
import { exactSquareRoot } from '../wgsl';
import { epsilon } from './constants';

const deviation = `${exactSquareRoot}
fn deviation(c: u32, channels: u32) -> f32 {
  return squareRoot(exact(statistics[channels + c] + ${epsilon}));
}
`;

/** The sum of `value` over a workgroup's lanes, to all of them. */
const sumOverLanes = `
var<workgroup> shares: array<f32, 64>;

fn sumOverLanes(value: f32, lane: u32) -> f32 {
  shares[lane] = value;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width = width / 2u) {
    if (lane < width) { shares[lane] = shares[lane] + shares[lane + width]; }
    workgroupBarrier();
  }
  let sum = shares[0];
  workgroupBarrier();
  return sum;
}
`;

/**
 * Row `part` of `partials`: each column's sum over the part's rows, then the sum of squares about the part's own mean.
 * Both are of distances from the first row, which are rounded by the spread of the values and not by their size.
 */
export const momentParts = new Shader({
  name: 'batchMomentParts',
  tensors: [
    { name: 'partials', use: 'out' },
    { name: 'x', use: 'in' },
  ],
  uniforms: ['channels', 'parts'],
  code: `
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let channels = u32(uniforms.channels);
  let threads = channels * u32(uniforms.parts);
  if (thread >= threads) { return; }
  let origin = x[thread % channels];
  var sum = 0.0;
  var rows = 0;
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    sum = sum + exact(x[i] - origin);
    rows = rows + 1;
  }
  let mean = sum / f32(rows);
  var squares = 0.0;
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    let distance = exact(x[i] - origin) - mean;
    squares = squares + distance * distance;
  }
  let at = thread / channels * 2u * channels + thread % channels;
  partials[at] = sum;
  partials[at + channels] = squares;
}`,
});

/** The mean, and the sum of squares about it: those about each part's, plus n (part's mean - mean)^2 (Chan et al. 1979). */
export const momentTotals = new Shader({
  name: 'batchMomentTotals',
  tensors: [
    { name: 'moments', use: 'out' },
    { name: 'partials', use: 'in' },
    { name: 'x', use: 'in' },
  ],
  uniforms: ['channels', 'parts', 'rows'],
  code: `${sumOverLanes}
fn main(group: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  let parts = u32(uniforms.parts);
  let rows = u32(uniforms.rows);
  let c = min(group, channels - 1u);
  var sum = 0.0;
  for (var part = lane; part < parts; part = part + 64u) { sum = sum + partials[part * 2u * channels + c]; }
  let mean = divide(sumOverLanes(sum, lane), f32(rows));
  var squares = 0.0;
  for (var part = lane; part < parts; part = part + 64u) {
    let at = part * 2u * channels + c;
    let count = f32((rows - part + parts - 1u) / parts);
    let distance = partials[at] / count - mean;
    squares = squares + partials[at + channels] + count * distance * distance;
  }
  let total = sumOverLanes(squares, lane);
  if (lane == 0u && group < channels) {
    moments[c] = x[c] + mean;
    moments[channels + c] = divide(total, f32(rows));
  }
}`,
});

export const normalize = new Shader({
  name: 'batchNorm',
  tensors: [
    { name: 'y', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'gamma', use: 'in' },
    { name: 'beta', use: 'in' },
    { name: 'statistics', use: 'in' },
  ],
  uniforms: ['threads'],
  code: `${deviation}
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let threads = u32(uniforms.threads);
  if (thread >= threads) { return; }
  let channels = u32(uniforms.gammaLength);
  let c = thread % channels;
  let mean = statistics[c];
  let scale = divide(gamma[c], deviation(c, channels));
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    y[i] = exact(exact(x[i] - mean) * scale) + beta[c];
  }
}`,
});

export const gradientParts = new Shader({
  name: 'batchNormGradientParts',
  tensors: [
    { name: 'partials', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'statistics', use: 'in' },
  ],
  uniforms: ['channels', 'parts'],
  code: `${deviation}
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let channels = u32(uniforms.channels);
  let threads = channels * u32(uniforms.parts);
  if (thread >= threads) { return; }
  let c = thread % channels;
  let mean = statistics[c];
  let inverse = divide(1.0, deviation(c, channels));
  var sum = 0.0;
  var products = 0.0;
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    sum = sum + dy[i];
    products = products + exact(dy[i] * exact(exact(x[i] - mean) * inverse));
  }
  let at = thread / channels * 2u * channels + c;
  partials[at] = sum;
  partials[at + channels] = products;
}`,
});

export const gradientTotals = new Shader({
  name: 'batchNormGradientTotals',
  tensors: [
    { name: 'dbeta', use: 'out' },
    { name: 'dgamma', use: 'out' },
    { name: 'partials', use: 'in' },
  ],
  uniforms: ['channels', 'parts'],
  code: `${sumOverLanes}
fn main(group: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  let c = min(group, channels - 1u);
  var sum = 0.0;
  var products = 0.0;
  for (var part = lane; part < u32(uniforms.parts); part = part + 64u) {
    let at = part * 2u * channels + c;
    sum = sum + partials[at];
    products = products + partials[at + channels];
  }
  let totalSum = sumOverLanes(sum, lane);
  let totalProducts = sumOverLanes(products, lane);
  if (lane == 0u && group < channels) {
    dbeta[c] = totalSum;
    dgamma[c] = totalProducts;
  }
}`,
});

export const inputGradient = new Shader({
  name: 'batchNormInputGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'gamma', use: 'in' },
    { name: 'statistics', use: 'in' },
    { name: 'dgamma', use: 'in' },
    { name: 'dbeta', use: 'in' },
  ],
  uniforms: ['threads', 'rows'],
  code: `${deviation}
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let threads = u32(uniforms.threads);
  if (thread >= threads) { return; }
  let channels = u32(uniforms.gammaLength);
  let c = thread % channels;
  let spread = deviation(c, channels);
  let mean = statistics[c];
  let inverse = divide(1.0, spread);
  let scale = divide(gamma[c], spread);
  let meanSum = divide(dbeta[c], f32(uniforms.rows));
  let meanProduct = divide(dgamma[c], f32(uniforms.rows));
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    let normalized = exact(exact(x[i] - mean) * inverse);
    dx[i] = scale * exact(exact(dy[i] - meanSum) - exact(normalized * meanProduct));
  }
}`,
});

export const update = new Shader({
  name: 'updateRunning',
  tensors: [
    { name: 'running', use: 'inout' },
    { name: 'moments', use: 'in' },
    { name: 'momentum', use: 'in' },
  ],
  uniforms: ['rows'],
  code: `
fn main(group: u32, lane: u32) {
  let i = i32(group * 64u + lane);
  if (i >= uniforms.runningLength) { return; }
  var value = moments[i];
  if (i >= uniforms.runningLength / 2) {
    value = exact(value * divide(f32(uniforms.rows), f32(max(uniforms.rows - 1, 1))));
  }
  running[i] = exact(exact(1.0 - momentum[0]) * running[i]) + exact(momentum[0] * value);
}`,
});

export const scale = new Shader({
  name: 'channelScale',
  tensors: [
    { name: 'scales', use: 'out' },
    { name: 'gamma', use: 'in' },
    { name: 'statistics', use: 'in' },
  ],
  uniforms: [],
  code: `${deviation}
fn main(group: u32, lane: u32) {
  let c = group * 64u + lane;
  let channels = u32(uniforms.gammaLength);
  if (c < channels) { scales[c] = divide(gamma[c], deviation(c, channels)); }
}`,
});
