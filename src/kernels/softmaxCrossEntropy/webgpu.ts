/**
 * softmaxCrossEntropy in WGSL, one thread per row. One workgroup takes the mean of the losses, in a fixed order.
 */
import type { Implementation } from '../definition';
import { output, Shader } from '../webgpu';
import { ignoredLabel } from './constants';

/** `normalise(row)` gives a row's maximum and the sum of exp(logit - maximum), NaN where a logit is. */
const normalise = `
fn normalise(row: u32) -> vec2<f32> {
  let classes = u32(uniforms.classes);
  var maximum = logits[row * classes];
  var valid = true;
  for (var k = 0u; k < classes; k = k + 1u) {
    let logit = logits[row * classes + k];
    maximum = max(maximum, logit);
    valid = valid && !isNan(logit);
  }
  var sum = 0.0;
  for (var k = 0u; k < classes; k = k + 1u) {
    sum = sum + exp(logits[row * classes + k] - maximum);
  }
  let label = labels[row];
  valid = valid && isFinite(maximum) && label >= 0 && label < uniforms.classes;
  return vec2<f32>(maximum, select(uniforms.nan, sum, valid));
}
`;

const groupSize = 256;

const forward = new Shader({
  name: 'softmaxCrossEntropy',
  tensors: [
    { name: 'loss', use: 'out' },
    { name: 'logits', use: 'in' },
    { name: 'labels', use: 'in', type: 'i32' },
  ],
  uniforms: ['classes'],
  workgroupSize: groupSize,
  code: `
${normalise}
var<workgroup> total: array<f32, ${groupSize}>;
var<workgroup> invalid: array<u32, ${groupSize}>;
var<workgroup> counted: array<u32, ${groupSize}>;

fn main(group: u32, lane: u32) {
  let batch = u32(uniforms.labelsLength);
  var losses = 0.0;
  var wrong = 0u;
  var count = 0u;
  for (var row = lane; row < batch; row = row + ${groupSize}u) {
    if (labels[row] == ${ignoredLabel}) { continue; }
    count = count + 1u;
    let maximumAndSum = normalise(row);
    if (isNan(maximumAndSum.y)) {
      wrong = 1u;
    } else {
      let logit = logits[row * u32(uniforms.classes) + u32(labels[row])];
      losses = losses + log(maximumAndSum.y) - (logit - maximumAndSum.x);
    }
  }
  total[lane] = losses;
  invalid[lane] = wrong;
  counted[lane] = count;
  workgroupBarrier();
  for (var width = ${groupSize / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      total[lane] = total[lane] + total[lane + width];
      invalid[lane] = invalid[lane] | invalid[lane + width];
      counted[lane] = counted[lane] + counted[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    loss[0] = select(total[0] / f32(max(counted[0], 1u)), uniforms.nan, invalid[0] != 0u);
  }
}`,
});

const gradient = new Shader({
  name: 'softmaxCrossEntropyGradient',
  tensors: [
    { name: 'dlogits', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'logits', use: 'in' },
    { name: 'labels', use: 'in', type: 'i32' },
  ],
  uniforms: ['classes'],
  // As many as the loss's, which it can then run beside in a recording.
  workgroupSize: groupSize,
  code: `
${normalise}
var<workgroup> counted: array<u32, ${groupSize}>;

/* How many labels count: each workgroup finds it for itself. */
fn countOf(lane: u32) -> u32 {
  var count = 0u;
  for (var row = lane; row < u32(uniforms.labelsLength); row = row + ${groupSize}u) {
    count = count + select(1u, 0u, labels[row] == ${ignoredLabel});
  }
  counted[lane] = count;
  workgroupBarrier();
  for (var width = ${groupSize / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) { counted[lane] = counted[lane] + counted[lane + width]; }
    workgroupBarrier();
  }
  return counted[0];
}

fn main(group: u32, lane: u32) {
  let row = group * ${groupSize}u + lane;
  let count = countOf(lane);
  if (row >= u32(uniforms.labelsLength)) { return; }
  if (labels[row] == ${ignoredLabel}) {
    for (var k = 0; k < uniforms.classes; k = k + 1) { dlogits[row * u32(uniforms.classes) + u32(k)] = 0.0; }
    return;
  }
  let maximumAndSum = normalise(row);
  let invalid = isNan(maximumAndSum.y);
  let factor = dy[0] / f32(count);
  for (var k = 0; k < uniforms.classes; k = k + 1) {
    let i = row * u32(uniforms.classes) + u32(k);
    let probability = exp(logits[i] - maximumAndSum.x) / maximumAndSum.y;
    let difference = probability - select(0.0, 1.0, k == labels[row]);
    dlogits[i] = select(difference * factor, uniforms.nan, invalid);
  }
}`,
});

export const softmaxCrossEntropyWebgpu: Implementation<'logits' | 'labels'> = ({
  inputs: { logits, labels },
  backend,
}) => {
  const loss = output(backend, []);
  forward.run(backend, [loss, logits, labels], [logits.shape[1]!], 1);
  return loss;
};

export const softmaxCrossEntropyGradientWebgpu: Implementation<'dy' | 'logits' | 'labels'> = ({
  inputs: { dy, logits, labels },
  backend,
}) => {
  const dlogits = output(backend, logits.shape);
  const [batch, classes] = logits.shape as [number, number];
  gradient.runFor(backend, batch, [dlogits, dy, logits, labels], [classes]);
  return dlogits;
};
